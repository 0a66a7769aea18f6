-- What a node knows anew of a user. ARGV: node, connections, what was chosen ('' nothing new, '-' it ended),
-- when they were seen last in ms ('' nothing new), how long a node counts and how long all is kept, both in ms.
local field = 'n:' .. ARGV[1]
if ARGV[2] == '0' then
  redis.call('HDEL', key, field)
else
  redis.call('HSET', key, field, ARGV[2] .. ':' .. string.format('%.0f', now + ARGV[5]))
end
if ARGV[3] == '-' then
  redis.call('HDEL', key, 'chosen')
elseif ARGV[3] ~= '' then
  redis.call('HSET', key, 'chosen', ARGV[3])
end
if ARGV[4] ~= '' and tonumber(ARGV[4]) > tonumber(redis.call('HGET', key, 'seen') or '-inf') then
  redis.call('HSET', key, 'seen', ARGV[4])
end
redis.call('PEXPIRE', key, ARGV[6])
