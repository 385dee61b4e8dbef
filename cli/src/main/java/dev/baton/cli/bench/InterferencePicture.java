package dev.baton.cli.bench;

import java.util.List;
import java.util.Locale;

/** Time between tokens by percentile, one curve a run and phase, as SVG: flat is good, a knee is a stalled chat. */
final class InterferencePicture {
    private static final double[] PERCENTILES = {1, 5, 10, 25, 50, 75, 90, 95, 98, 99, 99.5, 99.9};
    private static final int LEFT = 70;
    private static final int TOP = 50;
    private static final int WIDTH = 640;
    private static final int HEIGHT = 320;
    private static final List<String> COLOURS = List.of("#0b7285", "#c92a2a");

    private InterferencePicture() {}

    static String draw(List<InterferenceCommand.Run> runs) {
        double top = runs.stream()
                .mapToDouble(run -> run.beside().gaps.millis(99.9))
                .max()
                .orElse(1);
        double low = Math.max(
                0.1,
                runs.stream()
                        .mapToDouble(run -> run.alone().gaps.millis(1))
                        .min()
                        .orElse(0.1));
        Scale scale = new Scale(Math.log10(low), Math.log10(Math.max(top, low * 10)));
        StringBuilder svg = new StringBuilder(4096);
        svg.append(
                        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 900 440\" font-family=\"sans-serif\" font-size=\"13\">\n")
                .append("<rect width=\"900\" height=\"440\" fill=\"white\"/>\n")
                .append(
                        "<text x=\"70\" y=\"28\" font-size=\"16\">Time between a chat's tokens (ms, log) by percentile</text>\n");
        for (double decade = Math.ceil(scale.low()); decade <= scale.high(); decade++) {
            double y = scale.y(Math.pow(10, decade));
            svg.append(line(LEFT, y, LEFT + WIDTH, y, "#dddddd", "1", ""))
                    .append(text(LEFT - 8, y + 4, "end", number(Math.pow(10, decade))));
        }
        for (int i = 0; i < PERCENTILES.length; i++) {
            svg.append(text(x(i), TOP + HEIGHT + 20, "middle", "p" + number(PERCENTILES[i])));
        }
        for (int r = 0; r < runs.size(); r++) {
            InterferenceCommand.Run run = runs.get(r);
            curve(svg, run.alone(), scale, COLOURS.get(r % 2), "5 4", run.name() + ", alone", TOP + 20 + r * 44);
            curve(svg, run.beside(), scale, COLOURS.get(r % 2), "", run.name() + ", beside", TOP + 42 + r * 44);
        }
        return svg.append("</svg>\n").toString();
    }

    private static void curve(
            StringBuilder svg,
            Measurement measured,
            Scale scale,
            String colour,
            String dash,
            String name,
            int legendY) {
        svg.append("<polyline fill=\"none\" stroke=\"")
                .append(colour)
                .append("\" stroke-width=\"2.5\" stroke-dasharray=\"")
                .append(dash)
                .append("\" points=\"");
        for (int i = 0; i < PERCENTILES.length; i++) {
            svg.append(number(x(i)))
                    .append(',')
                    .append(number(scale.y(measured.gaps.millis(PERCENTILES[i]))))
                    .append(' ');
        }
        svg.append("\"/>\n")
                .append(line(LEFT + WIDTH + 20, legendY - 4, LEFT + WIDTH + 50, legendY - 4, colour, "2.5", dash))
                .append(text(LEFT + WIDTH + 58, legendY, "start", name));
    }

    private static double x(int index) {
        return LEFT + WIDTH * (index + 0.5) / PERCENTILES.length;
    }

    private static String line(double x1, double y1, double x2, double y2, String colour, String width, String dash) {
        return "<line x1=\"%s\" y1=\"%s\" x2=\"%s\" y2=\"%s\" stroke=\"%s\" stroke-width=\"%s\" stroke-dasharray=\"%s\"/>%n"
                .formatted(number(x1), number(y1), number(x2), number(y2), colour, width, dash);
    }

    private static String text(double x, double y, String anchor, String text) {
        return "<text x=\"%s\" y=\"%s\" text-anchor=\"%s\">%s</text>%n".formatted(number(x), number(y), anchor, text);
    }

    private static String number(double value) {
        String text = String.format(Locale.ROOT, "%.1f", value);
        return text.endsWith(".0") ? text.substring(0, text.length() - 2) : text;
    }

    /** Logarithmic vertical scale, from powers of ten. */
    private record Scale(double low, double high) {
        double y(double millis) {
            double at = (Math.log10(Math.max(millis, Math.pow(10, low))) - low) / (high - low);
            return TOP + HEIGHT * (1 - Math.clamp(at, 0, 1));
        }
    }
}
