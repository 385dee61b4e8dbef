-- KEYS: overrides, or what is taken of scopes. ARGV: a tenant whose override ends, or none.
if ARGV[1] then
  return tostring(redis.call('HDEL', KEYS[1], ARGV[1]))
end
return tostring(redis.call('DEL', unpack(KEYS)))
