-- Work that is not done.
local lag = 0
for _, partition in ipairs(redis.call('ZRANGE', key .. 'waiting', 0, -1)) do
  lag = lag + redis.call('XLEN', key .. partition)
end
return lag
