package dev.baton.tokenizer.template;

import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoField;
import java.time.temporal.IsoFields;
import java.util.Locale;

/** {@code strftime} in the C locale for a time without a zone, as Python writes it on Linux. */
final class Strftime {
    private Strftime() {}

    static String format(String format, LocalDateTime now) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < format.length(); i++) {
            char c = format.charAt(i);
            if (c != '%' || i + 1 == format.length()) {
                out.append(c);
                continue;
            }
            char directive = format.charAt(++i);
            if ((directive == '-' || directive == '_' || directive == '0') && i + 1 < format.length()) {
                out.append(padded(directive, field(format.charAt(++i), now)));
            } else {
                out.append(field(directive, now));
            }
        }
        return out.toString();
    }

    private static String padded(char flag, String field) {
        int digits = 0;
        while (digits < field.length() - 1 && (field.charAt(digits) == '0' || field.charAt(digits) == ' ')) {
            digits++;
        }
        String bare = field.substring(digits);
        return switch (flag) {
            case '-' -> bare;
            case '_' -> " ".repeat(digits) + bare;
            default -> "0".repeat(digits) + bare;
        };
    }

    private static String field(char directive, LocalDateTime now) {
        return switch (directive) {
            case 'Y' -> String.valueOf(now.getYear());
            case 'C' -> two(now.getYear() / 100);
            case 'y' -> two(now.getYear() % 100);
            case 'G' -> String.valueOf(now.get(IsoFields.WEEK_BASED_YEAR));
            case 'g' -> two(now.get(IsoFields.WEEK_BASED_YEAR) % 100);
            case 'm' -> two(now.getMonthValue());
            case 'B' -> named("MMMM", now);
            case 'b', 'h' -> named("MMM", now);
            case 'd' -> two(now.getDayOfMonth());
            case 'e' -> "%2d".formatted(now.getDayOfMonth());
            case 'j' -> "%03d".formatted(now.getDayOfYear());
            case 'A' -> named("EEEE", now);
            case 'a' -> named("EEE", now);
            case 'u' -> String.valueOf(now.getDayOfWeek().getValue());
            case 'w' -> String.valueOf(now.getDayOfWeek().getValue() % 7);
            case 'V' -> two(now.get(IsoFields.WEEK_OF_WEEK_BASED_YEAR));
            case 'U' -> two((now.getDayOfYear() + 6 - now.getDayOfWeek().getValue() % 7) / 7);
            case 'W' -> two((now.getDayOfYear() + 6 - (now.getDayOfWeek().getValue() - 1)) / 7);
            case 'H' -> two(now.getHour());
            case 'k' -> "%2d".formatted(now.getHour());
            case 'I' -> two(now.get(ChronoField.CLOCK_HOUR_OF_AMPM));
            case 'l' -> "%2d".formatted(now.get(ChronoField.CLOCK_HOUR_OF_AMPM));
            case 'M' -> two(now.getMinute());
            case 'S' -> two(now.getSecond());
            case 'f' -> "%06d".formatted(now.getNano() / 1000);
            case 'p' -> now.getHour() < 12 ? "AM" : "PM";
            case 'P' -> now.getHour() < 12 ? "am" : "pm";
            case 'F' -> format("%Y-%m-%d", now);
            case 'T', 'X' -> format("%H:%M:%S", now);
            case 'R' -> format("%H:%M", now);
            case 'r' -> format("%I:%M:%S %p", now);
            case 'D', 'x' -> format("%m/%d/%y", now);
            case 'c' -> format("%a %b %e %H:%M:%S %Y", now);
            case 'z', 'Z' -> "";
            case 'n' -> "\n";
            case 't' -> "\t";
            case '%' -> "%";
            default -> "%" + directive;
        };
    }

    private static String two(int n) {
        return "%02d".formatted(n);
    }

    private static String named(String pattern, LocalDateTime now) {
        return DateTimeFormatter.ofPattern(pattern, Locale.US).format(now);
    }
}
