-- Stand-in for lua-resty-balancer's module of this name: always picks the first node. The tests have one
-- endpoint for each Service.
local M = {}
M.__index = M

function M.new(_, nodes)
  local self = setmetatable({}, M)
  self:reinit(nodes)
  return self
end

function M.reinit(self, nodes)
  self.nodes = nodes
end

function M.find(self)
  return (next(self.nodes))
end

return M
