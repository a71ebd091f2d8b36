-- Stand-in for lua-resty-balancer's module of this name: takes nodes in turn, by weight. The tests have one
-- endpoint for each Service.
local M = {}
M.__index = M

function M.new(_, nodes)
  local self = setmetatable({}, M)
  self:reinit(nodes)
  return self
end

function M.reinit(self, nodes)
  self.nodes, self.turns, self.last = nodes, {}, 0
  for node, weight in pairs(nodes) do
    for _ = 1, weight do
      table.insert(self.turns, node)
    end
  end
end

function M.find(self)
  self.last = self.last % #self.turns + 1
  return self.turns[self.last]
end

return M
