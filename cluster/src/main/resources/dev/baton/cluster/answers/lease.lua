-- KEYS: leases. ARGV: lease (ms), what goes or nothing, what comes or nothing. What is there keeps its own end. The set itself goes
-- when no gateway has touched it for a day.
if ARGV[2] ~= '' then
  redis.call('ZREM', KEYS[1], ARGV[2])
end
if ARGV[3] ~= '' then
  local time = redis.call('TIME')
  redis.call('ZADD', KEYS[1], 'NX', string.format('%d', time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[1]), ARGV[3])
  redis.call('PEXPIRE', KEYS[1], 86400000)
end
return ''
