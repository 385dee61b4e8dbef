-- KEYS: leases. ARGV: most. Answers whose lease has ended, a line each, the oldest first.
local time = redis.call('TIME')
local now = string.format('%d', time[1] * 1000 + math.floor(time[2] / 1000))
return table.concat(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[1]), '\n')
