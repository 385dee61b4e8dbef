-- KEYS: answer, log, the tenant's answers by their end, their bytes. ARGV: id, epoch, how long it is kept (ms; 0 forgets it
-- now), "1" when the client's key may begin another. The answer is whole, or nothing will come of it. Answers as append.lua.
local epoch = redis.call('HGET', KEYS[1], 'epoch')
local later = epoch and tonumber(epoch) - tonumber(ARGV[2])
if not epoch or later < 0 then
  return 'A'
elseif later > 0 then
  return 'L'
end
local key = redis.call('HGET', KEYS[1], 'key')
if key then
  if ARGV[4] == '1' and redis.call('GET', key) == ARGV[1] then
    redis.call('DEL', key)
  elseif ARGV[4] ~= '1' and tonumber(ARGV[3]) > 0 then
    redis.call('PEXPIRE', key, ARGV[3])
  end
end
local reserved, bytes = redis.call('HGET', KEYS[4], ARGV[1]), 0
if ARGV[3] == '0' then
  redis.call('DEL', KEYS[1], KEYS[2])
  redis.call('ZREM', KEYS[3], ARGV[1])
  redis.call('HDEL', KEYS[4], ARGV[1])
else
  local time = redis.call('TIME')
  bytes = redis.call('HSTRLEN', KEYS[1], 'request') + redis.call('STRLEN', KEYS[2])
  redis.call('HSET', KEYS[1], 'ended', '1')
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
  redis.call('PEXPIRE', KEYS[2], ARGV[3])
  redis.call('ZADD', KEYS[3], 'XX', string.format('%d', time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[3]), ARGV[1])
  if reserved then
    redis.call('HSET', KEYS[4], ARGV[1], bytes)
  end
end
if reserved then
  redis.call('HINCRBY', KEYS[4], '*', bytes - reserved)
end
return 'K'
