-- KEYS: blocks of one chain. ARGV: worker|epoch, lease (ms).
for _, key in ipairs(KEYS) do
  redis.call('SET', key, ARGV[1], 'PX', ARGV[2])
end
return #KEYS
