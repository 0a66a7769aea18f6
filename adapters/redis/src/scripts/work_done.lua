-- Work that was done. ARGV: partition, the worker's token, and its entries. The partition is free again once all that the
-- worker took is done; one whose time was over, and whose place another took, frees nothing.
for at = 3, #ARGV do
  redis.call('XDEL', key .. ARGV[1], ARGV[at])
end
local token, count = string.match(redis.call('HGET', key .. 'workers', ARGV[1]) or '', '^(.*):(%d+)$')
if token ~= ARGV[2] then
  return 0
end
local left = count - (#ARGV - 2)
if left > 0 then
  redis.call('HSET', key .. 'workers', ARGV[1], token .. ':' .. left)
  return 0
end
redis.call('HDEL', key .. 'workers', ARGV[1])
if redis.call('XLEN', key .. ARGV[1]) == 0 then
  redis.call('DEL', key .. ARGV[1])
  redis.call('ZREM', key .. 'waiting', ARGV[1])
else
  redis.call('ZADD', key .. 'waiting', string.format('%.0f', now), ARGV[1])
end
return 0
