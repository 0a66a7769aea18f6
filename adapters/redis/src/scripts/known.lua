-- What all nodes know of the user `key`: connections, what was chosen, when they were seen last. A node that was not
-- heard of for too long does not count.
local connections, chosen, seen = 0, false, false
local known = redis.call('HGETALL', key)
for at = 1, #known, 2 do
  local field, value = known[at], known[at + 1]
  if field == 'chosen' then
    chosen = value
  elseif field == 'seen' then
    seen = value
  else
    local of_node, expires_at = string.match(value, '^(%d+):(%d+)$')
    if of_node and tonumber(expires_at) > now then
      connections = connections + of_node
    end
  end
end
return { connections, chosen, seen }
