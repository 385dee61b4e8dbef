-- KEYS: overrides, or what is taken of scopes. ARGV: a tenant whose override ends, or none.
if ARGV[1] then
  return tostring(redis.call('HDEL', KEYS[1], ARGV[1]))
end
-- Written as nothing, not deleted: in a Redis that has lately forgotten all, what is missing counts as all taken.
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
for _, taken in ipairs(KEYS) do
  redis.call('HSET', taken, 'requests', 0, 'tokens', 0, 'at', now)
  redis.call('PEXPIRE', taken, 61000)
end
return tostring(#KEYS)
