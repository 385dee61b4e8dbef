-- KEYS: request. ARGV: number and nonce of the attempt that alone is live from now on, owner.
local now = redis.call('HMGET', KEYS[1], 'number', 'nonce', 'owner', 'second.number', 'second.nonce', 'second.phase')
if not now[1] then
  return 'ABSENT'
end
if now[3] ~= ARGV[3] then
  return 'NOT_OWNER'
end
local second = {'second.number', 'second.nonce', 'second.phase', 'second.PREFILLING', 'second.HANDED_OFF', 'second.DECODING'}
local outcome = 'ALREADY'
if now[4] == ARGV[1] and now[5] == ARGV[2] then
  for _, phase in ipairs({'PREFILLING', 'HANDED_OFF', 'DECODING'}) do
    local worker = redis.call('HGET', KEYS[1], 'second.' .. phase)
    if worker then
      redis.call('HSET', KEYS[1], phase, worker)
    else
      redis.call('HDEL', KEYS[1], phase)
    end
  end
  redis.call('HSET', KEYS[1], 'number', now[4], 'nonce', now[5], 'phase', now[6])
  outcome = 'APPLIED'
elseif now[1] ~= ARGV[1] or now[2] ~= ARGV[2] then
  return 'SUPERSEDED'
elseif now[4] then
  outcome = 'APPLIED'
end
redis.call('HDEL', KEYS[1], unpack(second))
return outcome
