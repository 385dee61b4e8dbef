-- KEYS: mark of readers. Answers 1 while somebody has read lately.
return tostring(redis.call('EXISTS', KEYS[1]))
