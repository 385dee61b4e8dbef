-- KEYS: a day. ARGV: how long it is kept (ms), most entries, then entries and their sums. Answers how many found no room.
local entries, refused = redis.call('HLEN', KEYS[1]), 0
for i = 3, #ARGV, 2 do
  if entries < tonumber(ARGV[2]) or redis.call('HEXISTS', KEYS[1], ARGV[i]) == 1 then
    entries = entries + redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
  else
    refused = refused + 1
  end
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return tostring(refused)
