package dev.baton.tokenizer.template;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Python's operators. Integers do not overflow, but may not grow beyond 4,096 bits. */
final class Arithmetic {
    private static final int MAX_BITS = 4096;
    private static final BigInteger MIN_LONG = BigInteger.valueOf(Long.MIN_VALUE);
    private static final BigInteger MAX_LONG = BigInteger.valueOf(Long.MAX_VALUE);

    private Arithmetic() {}

    static boolean isNumber(Object value) {
        return value instanceof Long
                || value instanceof Double
                || value instanceof Boolean
                || value instanceof BigInteger;
    }

    static boolean isNan(Object value) {
        return value instanceof Double d && d.isNaN();
    }

    /** The smaller type when it fits. */
    static Object normal(BigInteger n) {
        if (n.bitLength() > MAX_BITS) {
            throw new TemplateError("an integer grows too large (more than " + MAX_BITS + " bits)");
        }
        return n.compareTo(MIN_LONG) >= 0 && n.compareTo(MAX_LONG) <= 0 ? (Object) n.longValue() : n;
    }

    /** An integer as it is written in a template, in one of four bases. */
    static Object literal(String digits) {
        String lower = digits.toLowerCase(Locale.ROOT);
        int radix = lower.startsWith("0x") ? 16 : lower.startsWith("0o") ? 8 : lower.startsWith("0b") ? 2 : 10;
        if (lower.length() > MAX_BITS) {
            throw new TemplateError("an integer of " + lower.length() + " digits");
        }
        return normal(new BigInteger(radix == 10 ? lower : lower.substring(2), radix));
    }

    static int compare(Object a, Object b) {
        if (a instanceof Double || b instanceof Double) {
            double x = toDouble(a);
            double y = toDouble(b);
            if (Double.isInfinite(x) || Double.isInfinite(y) || Double.isNaN(x) || Double.isNaN(y)) {
                return x == y ? 0 : Double.compare(x, y);
            }
            return exact(a).compareTo(exact(b));
        }
        return toBig(a).compareTo(toBig(b));
    }

    private static BigDecimal exact(Object value) {
        return value instanceof Double d ? new BigDecimal(d) : new BigDecimal(toBig(value));
    }

    static double toDouble(Object value) {
        return switch (value) {
            case Double d -> d;
            case Boolean b -> b ? 1 : 0;
            case Number n -> n.doubleValue();
            default -> throw new TemplateError("must be real number, not " + Python.typeName(value));
        };
    }

    static BigInteger toBig(Object value) {
        return switch (value) {
            case BigInteger n -> n;
            case Long n -> BigInteger.valueOf(n);
            case Boolean b -> b ? BigInteger.ONE : BigInteger.ZERO;
            default ->
                throw new TemplateError("'" + Python.typeName(value) + "' object cannot be interpreted as an integer");
        };
    }

    static Object binary(String operator, Object a, Object b, RenderContext context) {
        if (isNumber(a) && isNumber(b)) {
            return a instanceof Double || b instanceof Double || operator.equals("/")
                    ? doubles(operator, toDouble(a), toDouble(b))
                    : integers(operator, toBig(a), toBig(b));
        }
        if (a instanceof Undefined u) {
            throw u.error();
        }
        if (b instanceof Undefined u && !(operator.equals("%") && a instanceof String)) {
            throw u.error();
        }
        return switch (operator) {
            case "+" -> add(a, b, context);
            case "*" -> repeat(a, b, context);
            case "%" -> {
                if (a instanceof String format) {
                    yield Markup.format(format, b, context);
                }
                throw unsupported(operator, a, b);
            }
            default -> throw unsupported(operator, a, b);
        };
    }

    private static Object add(Object left, Object right, RenderContext context) {
        Budget budget = context.budget;
        Object a = left instanceof ParsedJson json && right instanceof String ? json.text() : left;
        Object b = right instanceof ParsedJson json && left instanceof String ? json.text() : right;
        if (a instanceof String x && b instanceof String y) {
            budget.copy((long) x.length() + y.length());
            return Markup.sum(x, y, context);
        }
        if (a instanceof Tuple x && b instanceof Tuple y) {
            return new Tuple(joined(x.items(), y.items(), budget));
        }
        if (a instanceof List<?> x && b instanceof List<?> y && !(a instanceof Range) && !(b instanceof Range)) {
            return joined(x, y, budget);
        }
        if (a instanceof String) {
            throw new TemplateError("can only concatenate str (not \"" + Python.typeName(b) + "\") to str");
        }
        if (a instanceof List<?> && !(a instanceof Range)) {
            throw new TemplateError("can only concatenate list (not \"" + Python.typeName(b) + "\") to list");
        }
        throw unsupported("+", a, b);
    }

    private static List<Object> joined(List<?> a, List<?> b, Budget budget) {
        budget.items((long) a.size() + b.size());
        List<Object> items = new ArrayList<>(a);
        items.addAll(b);
        return items;
    }

    private static Object repeat(Object a, Object b, RenderContext context) {
        Budget budget = context.budget;
        Object sequence = isNumber(a) ? b : a;
        Object times = isNumber(a) ? a : b;
        if (times instanceof Double || !isNumber(times)) {
            throw unsupported("*", a, b);
        }
        long n = Math.max(
                0, toBig(times).min(BigInteger.valueOf(Budget.MAX_CHARS + 1L)).longValue());
        return switch (sequence) {
            case String s -> {
                budget.copy(n * s.length());
                yield Markup.repeat(s, (int) (s.isEmpty() ? 0 : n), context);
            }
            case Tuple t -> new Tuple(repeated(t.items(), n, budget));
            case Range r -> throw unsupported("*", a, b);
            case List<?> l -> repeated(l, n, budget);
            default -> throw unsupported("*", a, b);
        };
    }

    private static List<Object> repeated(List<?> items, long times, Budget budget) {
        budget.items(times * items.size());
        List<Object> out = new ArrayList<>();
        for (long i = 0; i < times && !items.isEmpty(); i++) {
            out.addAll(items);
        }
        return out;
    }

    private static Object doubles(String operator, double a, double b) {
        return switch (operator) {
            case "+" -> a + b;
            case "-" -> a - b;
            case "*" -> a * b;
            case "/" -> a / nonZero(b, "division by zero");
            case "//" -> Math.floor(a / nonZero(b, "float floor division by zero"));
            case "%" -> {
                double rest = a % nonZero(b, "float modulo by zero");
                yield rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
            }
            case "**" -> Math.pow(a, b);
            default -> throw new IllegalArgumentException(operator);
        };
    }

    private static double nonZero(double value, String message) {
        if (value == 0) {
            throw new TemplateError(message);
        }
        return value;
    }

    private static Object integers(String operator, BigInteger a, BigInteger b) {
        return switch (operator) {
            case "+" -> normal(a.add(b));
            case "-" -> normal(a.subtract(b));
            case "*" -> normal(a.multiply(b));
            case "//" -> normal(floorDivide(a, b)[0]);
            case "%" -> normal(floorDivide(a, b)[1]);
            case "**" -> power(a, b);
            default -> throw new IllegalArgumentException(operator);
        };
    }

    private static BigInteger[] floorDivide(BigInteger a, BigInteger b) {
        if (b.signum() == 0) {
            throw new TemplateError("integer division or modulo by zero");
        }
        BigInteger[] parts = a.divideAndRemainder(b);
        if (parts[1].signum() != 0 && parts[1].signum() != b.signum()) {
            parts[0] = parts[0].subtract(BigInteger.ONE);
            parts[1] = parts[1].add(b);
        }
        return parts;
    }

    private static Object power(BigInteger a, BigInteger b) {
        if (b.signum() < 0) {
            return Math.pow(nonZero(a.doubleValue(), "0.0 cannot be raised to a negative power"), b.doubleValue());
        }
        if (a.bitLength() <= 1 && a.signum() >= 0) {
            return b.signum() == 0 ? 1L : (Object) a.longValue();
        }
        if (b.bitLength() > 12 || (long) Math.max(1, a.bitLength()) * b.intValue() > MAX_BITS) {
            throw new TemplateError("an integer grows too large (more than " + MAX_BITS + " bits)");
        }
        return normal(a.pow(b.intValue()));
    }

    static Object sign(boolean minus, Object value) {
        return switch (value) {
            case Double d -> minus ? (Object) (-d) : d;
            case Undefined u -> throw u.error();
            default -> {
                if (!isNumber(value)) {
                    throw new TemplateError(
                            "bad operand type for unary " + (minus ? "-" : "+") + ": '" + Python.typeName(value) + "'");
                }
                yield normal(minus ? toBig(value).negate() : toBig(value));
            }
        };
    }

    private static TemplateError unsupported(String operator, Object a, Object b) {
        return new TemplateError("unsupported operand type(s) for " + operator + ": '" + Python.typeName(a) + "' and '"
                + Python.typeName(b) + "'");
    }
}
