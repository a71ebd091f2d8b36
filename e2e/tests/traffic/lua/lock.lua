-- Stand-in for lua-resty-lock: NGINX runs one worker, so nothing needs to be locked.
local M = {}
M.__index = M

function M.new()
  return setmetatable({}, M)
end

function M.lock()
  return 0
end

function M.unlock()
  return 1
end

return M
