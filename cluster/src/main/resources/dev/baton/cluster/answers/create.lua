-- KEYS: answer, its log, the tenant's answers by their end, their bytes, the client's key (or the answer again when there is none).
-- ARGV: id, epoch, owner, time left (ms), how long it is kept after that (ms), bytes it may come to, most bytes of the tenant,
-- what the names of the tenant's answers begin with, "1" when the client gave a key, request, log so far.
-- What is there already under this epoch gets the log, if it has less of it: an owner always writes the same bytes to a place.
-- What an earlier owner made anew after Redis had lost it is replaced.
-- Answers CREATED, KNOWN, LOST, FULL, or "EXISTS <id>" of the answer that the client's key stands for.
local epoch = redis.call('HGET', KEYS[1], 'epoch')
if epoch and tonumber(epoch) > tonumber(ARGV[2]) then
  return 'LOST'
elseif epoch == ARGV[2] then
  local left = redis.call('PTTL', KEYS[1])
  if left > 0 and redis.call('STRLEN', KEYS[2]) < #ARGV[11] then
    redis.call('SET', KEYS[2], ARGV[11], 'PX', left)
  end
  return 'KNOWN'
end
if ARGV[9] == '1' then
  local known = redis.call('GET', KEYS[5])
  if known and known ~= ARGV[1] and redis.call('EXISTS', ARGV[8] .. known) == 1 then
    return 'EXISTS ' .. known
  end
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now, 'LIMIT', 0, 1000)) do
  redis.call('ZREM', KEYS[3], id)
  redis.call('HINCRBY', KEYS[4], '*', -(redis.call('HGET', KEYS[4], id) or 0))
  redis.call('HDEL', KEYS[4], id)
end
local bytes = tonumber(ARGV[6]) - tonumber(redis.call('HGET', KEYS[4], ARGV[1]) or 0)
if tonumber(redis.call('HGET', KEYS[4], '*') or 0) + bytes > tonumber(ARGV[7]) then
  return 'FULL'
end
local left, keep = tonumber(ARGV[4]), tonumber(ARGV[5])
local life = string.format('%d', left + keep)
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'epoch', ARGV[2], 'owner', ARGV[3], 'ends', string.format('%d', now + left), 'request', ARGV[10])
redis.call('PEXPIRE', KEYS[1], life)
redis.call('SET', KEYS[2], ARGV[11], 'PX', life)
redis.call('ZADD', KEYS[3], string.format('%d', now + left + keep), ARGV[1])
redis.call('HSET', KEYS[4], ARGV[1], ARGV[6])
redis.call('HINCRBY', KEYS[4], '*', bytes)
for i = 3, 4 do
  if redis.call('PTTL', KEYS[i]) < left + keep then
    redis.call('PEXPIRE', KEYS[i], life)
  end
end
if ARGV[9] == '1' then
  redis.call('SET', KEYS[5], ARGV[1], 'PX', life)
  redis.call('HSET', KEYS[1], 'key', KEYS[5])
end
return 'CREATED'
