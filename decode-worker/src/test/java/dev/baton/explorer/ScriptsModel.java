package dev.baton.explorer;

import dev.baton.cluster.leases.LaneLeases;
import dev.baton.cluster.redis.RedisScripts.Script;
import dev.baton.cluster.registry.WorkerStates;
import dev.baton.cluster.requests.RequestStates;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What the scripts do, in Java, on keys that end by themselves. {@code ScriptsModelTest} compares it with Redis. */
final class ScriptsModel {
    private static final List<String> SECOND = List.of(
            "second.number",
            "second.nonce",
            "second.phase",
            "second.PREFILLING",
            "second.HANDED_OFF",
            "second.DECODING");

    private final NavigableMap<String, Entry> keys = new TreeMap<>();
    private final Map<String, Body> scripts = new HashMap<>();
    private long now;

    private record Entry(Object value, long endsAt) {}

    /** Of one script. */
    private interface Body {
        String run(List<String> keys, String[] given);
    }

    ScriptsModel() {
        put(RequestStates.class, "create", this::create);
        put(RequestStates.class, "raise", this::raise);
        put(RequestStates.class, "adopt", this::adopt);
        put(RequestStates.class, "claim", this::claim);
        put(RequestStates.class, "hedge", this::hedge);
        put(RequestStates.class, "settle", this::settle);
        put(RequestStates.class, "end", this::end);
        put(LaneLeases.class, "take", this::take);
        put(LaneLeases.class, "renew", this::renew);
        put(LaneLeases.class, "release", this::release);
        put(WorkerStates.class, "put", this::tell);
        put(WorkerStates.class, "remove", this::remove);
    }

    private void put(Class<?> owner, String name, Body body) {
        scripts.put(Script.read(owner, name + ".lua").sha(), body);
    }

    /** @param at milliseconds */
    String run(Script script, List<String> names, String[] given, long at) {
        now = at;
        Body body = scripts.get(script.sha());
        if (body == null) {
            throw new IllegalArgumentException("a script that the model does not have");
        }
        return body.run(names, given);
    }

    void flush() {
        keys.clear();
    }

    /** Hashes as sorted maps, the rest as text; null when there is none. */
    @Nullable
    Object value(String key, long at) {
        now = at;
        return get(key);
    }

    List<String> keys(String prefix, long at) {
        now = at;
        return List.copyOf(keys.subMap(prefix, prefix + Character.MAX_VALUE).keySet()).stream()
                .filter(key -> get(key) != null)
                .toList();
    }

    private @Nullable Object get(String key) {
        Entry entry = keys.get(key);
        if (entry != null && entry.endsAt <= now) {
            keys.remove(key);
            return null;
        }
        return entry == null ? null : entry.value;
    }

    private void set(String key, Object value, @Nullable String ttl) {
        keys.put(key, new Entry(value, ttl == null ? Long.MAX_VALUE : now + Long.parseLong(ttl)));
    }

    private void expire(String key, String ttl) {
        Entry entry = keys.get(key);
        if (entry != null) {
            set(key, entry.value, ttl);
        }
    }

    @SuppressWarnings("unchecked")
    private @Nullable Map<String, String> hash(String key) {
        return (Map<String, String>) get(key);
    }

    private static boolean ended(@Nullable String phase) {
        return "DONE".equals(phase) || "FAILED".equals(phase) || "CANCELLED".equals(phase);
    }

    private static boolean is(Map<String, String> now, String prefix, String number, String nonce) {
        return number.equals(now.get(prefix + "number")) && nonce.equals(now.get(prefix + "nonce"));
    }

    private String create(List<String> names, String[] given) {
        Map<String, String> now = hash(names.getFirst());
        if (now != null) {
            return is(now, "", given[0], given[1]) && given[2].equals(now.get("owner")) ? "ALREADY" : "REFUSED";
        }
        begin(names.getFirst(), given);
        return "APPLIED";
    }

    private void begin(String key, String[] given) {
        Map<String, String> fresh =
                new TreeMap<>(Map.of("number", given[0], "nonce", given[1], "owner", given[2], "phase", "QUEUED"));
        set(key, fresh, given[3]);
    }

    private String raise(List<String> names, String[] given) {
        Map<String, String> now = hash(names.getFirst());
        if (now != null) {
            if (!given[2].equals(now.get("owner"))) {
                return "NOT_OWNER";
            }
            if (is(now, "", given[0], given[1])) {
                return "ALREADY";
            }
            if (number(now, "number") >= Integer.parseInt(given[0])) {
                return "SUPERSEDED";
            }
            if (ended(now.get("phase"))) {
                return "REFUSED";
            }
        }
        begin(names.getFirst(), given);
        return "APPLIED";
    }

    private static int number(Map<String, String> now, String field) {
        return Integer.parseInt(now.getOrDefault(field, "0"));
    }

    private String adopt(List<String> names, String[] given) {
        Map<String, String> now = hash(names.getFirst());
        if (now == null) {
            return "0";
        }
        now.put("owner", given[0]);
        return Integer.toString(Math.max(number(now, "number"), number(now, "second.number")));
    }

    private String claim(List<String> names, String[] given) {
        Map<String, String> now = hash(names.getFirst());
        if (now == null) {
            return "ABSENT";
        }
        String of = "";
        if (is(now, "second.", given[0], given[1])) {
            of = "second.";
        } else if (!is(now, "", given[0], given[1])) {
            return "SUPERSEDED";
        }
        String holder = now.get(of + given[2]);
        if (holder != null) {
            return holder.equals(given[4]) ? "ALREADY" : "REFUSED";
        }
        if (!given[3].contains("," + now.get(of + "phase") + ",")) {
            return "REFUSED";
        }
        now.put(of + "phase", given[2]);
        now.put(of + given[2], given[4]);
        return "APPLIED";
    }

    private String hedge(List<String> names, String[] given) {
        Map<String, String> now = hash(names.getFirst());
        if (now == null) {
            return "ABSENT";
        }
        if (!given[2].equals(now.get("owner"))) {
            return "NOT_OWNER";
        }
        if (is(now, "second.", given[0], given[1])) {
            return "ALREADY";
        }
        if (!is(now, "", given[3], given[4])) {
            return "SUPERSEDED";
        }
        if (ended(now.get("phase"))) {
            return "REFUSED";
        }
        SECOND.forEach(now::remove);
        now.put("second.number", given[0]);
        now.put("second.nonce", given[1]);
        now.put("second.phase", "QUEUED");
        return "APPLIED";
    }

    private String settle(List<String> names, String[] given) {
        Map<String, String> now = hash(names.getFirst());
        if (now == null) {
            return "ABSENT";
        }
        if (!given[2].equals(now.get("owner"))) {
            return "NOT_OWNER";
        }
        String outcome = "ALREADY";
        if (is(now, "second.", given[0], given[1])) {
            for (String phase : List.of("PREFILLING", "HANDED_OFF", "DECODING", "number", "nonce", "phase")) {
                String value = now.get("second." + phase);
                if (value == null) {
                    now.remove(phase);
                } else {
                    now.put(phase, value);
                }
            }
            outcome = "APPLIED";
        } else if (!is(now, "", given[0], given[1])) {
            return "SUPERSEDED";
        } else if (now.containsKey("second.number")) {
            outcome = "APPLIED";
        }
        SECOND.forEach(now::remove);
        return outcome;
    }

    private String end(List<String> names, String[] given) {
        Map<String, String> now = hash(names.getFirst());
        if (now == null) {
            return "ABSENT";
        }
        if (!given[3].equals(now.get("owner"))) {
            return "NOT_OWNER";
        }
        if (number(now, "number") >= Integer.parseInt(given[0]) && !is(now, "", given[0], given[1])) {
            return "SUPERSEDED";
        }
        if (given[2].equals(now.get("phase"))) {
            return "ALREADY";
        }
        if (ended(now.get("phase"))) {
            return "REFUSED";
        }
        List.of("second.number", "second.nonce", "second.phase").forEach(now::remove);
        now.put("phase", given[2]);
        return "APPLIED";
    }

    private String take(List<String> names, String[] given) {
        Object holder = get(names.getFirst());
        if (given[0].equals(holder)) {
            expire(names.getFirst(), given[2]);
            return "1";
        }
        if (holder != null || (given[3].equals("unused") && get(names.get(1)) != null)) {
            return "0";
        }
        set(names.getFirst(), given[0], given[2]);
        set(names.get(1), given[1], null);
        return "1";
    }

    private String renew(List<String> names, String[] given) {
        if (!given[0].equals(get(names.getFirst()))) {
            return "0";
        }
        expire(names.getFirst(), given[1]);
        return "1";
    }

    private String release(List<String> names, String[] given) {
        if (!given[0].equals(get(names.getFirst()))) {
            return "0";
        }
        keys.remove(names.getFirst());
        return "1";
    }

    private String tell(List<String> names, String[] given) {
        String now = (String) get(names.getFirst());
        if (now != null && !now.startsWith(given[0])) {
            return "0";
        }
        set(names.getFirst(), given[0] + "|" + given[1], given[2]);
        return now == null ? "2" : "1";
    }

    private String remove(List<String> names, String[] given) {
        String now = (String) get(names.getFirst());
        if (now == null || !now.startsWith(given[0])) {
            return "0";
        }
        keys.remove(names.getFirst());
        return "1";
    }
}
