-- A node still serves a user. ARGV: node, how long a node counts and how long all is kept, both in ms.
local field = 'n:' .. ARGV[1]
local connections = string.match(redis.call('HGET', key, field) or '', '^(%d+):')
if connections then
  redis.call('HSET', key, field, connections .. ':' .. string.format('%.0f', now + ARGV[2]))
  redis.call('PEXPIRE', key, ARGV[3])
end
return 0
