-- KEYS: worker. ARGV: epoch, entry, TTL (ms). An entry of another life stays until that life has let it
-- end. Answers 0 then, 1 when there was one of this life, 2 when there was none.
local now = redis.call('GET', KEYS[1])
if now and string.sub(now, 1, 16) ~= ARGV[1] then
  return '0'
end
redis.call('SET', KEYS[1], ARGV[1] .. '|' .. ARGV[2], 'PX', ARGV[3])
return now and '1' or '2'
