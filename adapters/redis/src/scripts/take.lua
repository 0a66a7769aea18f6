-- A token bucket as the moment when it is full again, in µs. ARGV, in µs: how long ago the first token was taken, what
-- it takes until all that were taken have come back, and how far ahead that moment may lie.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local full_at = math.max(now - ARGV[1], tonumber(redis.call('GET', KEYS[1]) or 0)) + ARGV[2]
local full_in = math.min(full_at - now, tonumber(ARGV[3]))
if full_in <= 0 then
  return 0
end
redis.call('SET', KEYS[1], string.format('%.0f', now + full_in), 'PX', math.ceil(full_in / 1000))
return full_in
