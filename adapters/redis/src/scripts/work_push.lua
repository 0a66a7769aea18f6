-- Work at the end of its partition. ARGV: how many a partition keeps, and a partition and its work for each.
for at = 2, #ARGV, 2 do
  redis.call('XADD', key .. ARGV[at], 'MAXLEN', '~', ARGV[1], '*', 'work', ARGV[at + 1])
  redis.call('ZADD', key .. 'waiting', 'NX', string.format('%.0f', now), ARGV[at])
end
return 0
