-- Work of partitions that nobody has, those that waited longest first. ARGV: the worker's token, for how long a
-- partition is its own in ms, and how much is wanted.
local given, left = {}, tonumber(ARGV[3])
for _, partition in ipairs(redis.call('ZRANGEBYSCORE', key .. 'waiting', '-inf', string.format('%.0f', now))) do
  if left <= 0 then
    break
  end
  local entries = redis.call('XRANGE', key .. partition, '-', '+', 'COUNT', left)
  if #entries == 0 then
    redis.call('DEL', key .. partition)
    redis.call('ZREM', key .. 'waiting', partition)
    redis.call('HDEL', key .. 'workers', partition)
  else
    for _, entry in ipairs(entries) do
      given[#given + 1] = { entry[1], entry[2][2] }
    end
    left = left - #entries
    redis.call('ZADD', key .. 'waiting', string.format('%.0f', now + ARGV[2]), partition)
    redis.call('HSET', key .. 'workers', partition, ARGV[1] .. ':' .. #entries)
  end
end
return given
