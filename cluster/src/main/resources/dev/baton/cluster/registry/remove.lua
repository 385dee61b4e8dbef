-- KEYS: worker. ARGV: epoch. An entry of another life stays.
local now = redis.call('GET', KEYS[1])
if now and string.sub(now, 1, 16) == ARGV[1] then
  redis.call('DEL', KEYS[1])
  return '1'
end
return '0'
