package dev.eva.report;

import java.util.Map;

/**
 * A formula in a small part of TeX's notation as MathML, which browsers draw by themselves: letters, numbers and
 * operators, {@code a_b^c}, groups in braces, {@code \frac}, {@code \sqrt}, {@code \hat}, {@code \tilde},
 * {@code \text}, sums with limits, Greek letters and the signs of {@link #SIGNS}.
 */
final class Formula {
    private static final Map<String, String> SIGNS = Map.ofEntries(
            Map.entry("alpha", "α"),
            Map.entry("beta", "β"),
            Map.entry("gamma", "γ"),
            Map.entry("sigma", "σ"),
            Map.entry("mu", "μ"),
            Map.entry("epsilon", "ε"),
            Map.entry("theta", "θ"),
            Map.entry("nabla", "∇"),
            Map.entry("sum", "∑"),
            Map.entry("max", "max"),
            Map.entry("min", "min"),
            Map.entry("ln", "ln"),
            Map.entry("log", "log"),
            Map.entry("exp", "exp"),
            Map.entry("sin", "sin"),
            Map.entry("cdot", "·"),
            Map.entry("times", "×"),
            Map.entry("in", "∈"),
            Map.entry("le", "≤"),
            Map.entry("ge", "≥"),
            Map.entry("approx", "≈"),
            Map.entry("to", "→"),
            Map.entry("odot", "⊙"),
            Map.entry("dots", "…"),
            Map.entry("ne", "≠"),
            Map.entry("norm", "‖"),
            Map.entry("lfloor", "⌊"),
            Map.entry("rfloor", "⌋"));
    /** Signs whose scripts stand above and below. */
    private static final String WITH_LIMITS = "∑ max min";
    /** Signs that are upright letters. */
    private static final String OPERATORS = "·×∈≤≥≈→⊙∑‖⌊⌋≠";

    private final String source;
    private int at;

    private Formula(String source) {
        this.source = source;
    }

    /** The formula in a line of text. @throws IllegalArgumentException if it is not understood, naming the place */
    static String inline(String source) {
        return "<math>" + new Formula(source).parse() + "</math>";
    }

    /** The formula in a line of its own. */
    static String block(String source) {
        return "<math display=\"block\">" + new Formula(source).parse() + "</math>";
    }

    /** The formula for a terminal: the source without braces and with signs for names. */
    static String plain(String source) {
        String text = source;
        for (Map.Entry<String, String> sign : SIGNS.entrySet()) {
            text = text.replaceAll("\\\\" + sign.getKey() + "(?![a-zA-Z])", sign.getValue());
        }
        return text.replaceAll("\\\\[a-z]+", "").replace("{", "").replace("}", "");
    }

    private String parse() {
        String row = row();
        if (at < source.length()) {
            throw error("a } too many");
        }
        return "<mrow>" + row + "</mrow>";
    }

    /** Everything up to the end of the group. */
    private String row() {
        StringBuilder out = new StringBuilder();
        skipBlanks();
        while (at < source.length() && source.charAt(at) != '}') {
            out.append(scripted());
            skipBlanks();
        }
        return out.toString();
    }

    private String scripted() {
        String base = atom();
        String below = null;
        String above = null;
        skipBlanks();
        while (at < source.length() && (source.charAt(at) == '_' || source.charAt(at) == '^')) {
            if (source.charAt(at++) == '_') {
                below = atom();
            } else {
                above = atom();
            }
            skipBlanks();
        }
        boolean limits = base.startsWith("<mo") && WITH_LIMITS.contains(base.replaceAll("<[^>]*>", ""));
        String tag = limits ? "munderover" : "msubsup";
        if (below != null && above != null) {
            return "<" + tag + ">" + base + below + above + "</" + tag + ">";
        } else if (below != null) {
            tag = limits ? "munder" : "msub";
            return "<" + tag + ">" + base + below + "</" + tag + ">";
        } else if (above != null) {
            tag = limits ? "mover" : "msup";
            return "<" + tag + ">" + base + above + "</" + tag + ">";
        }
        return base;
    }

    private String atom() {
        skipBlanks();
        if (at >= source.length()) {
            throw error("something is missing at the end");
        }
        char c = source.charAt(at);
        if (c == '{') {
            return group();
        } else if (c == '\\') {
            return command();
        } else if (Character.isDigit(c)) {
            int from = at;
            while (at < source.length() && (Character.isDigit(source.charAt(at)) || isPoint())) {
                at++;
            }
            return "<mn>" + source.substring(from, at) + "</mn>";
        }
        at++;
        return Character.isLetter(c) ? "<mi>" + c + "</mi>" : "<mo>" + Markup.escape(sign(c)) + "</mo>";
    }

    /** A point or comma between digits. */
    private boolean isPoint() {
        return ".,".indexOf(source.charAt(at)) >= 0
                && at + 1 < source.length()
                && Character.isDigit(source.charAt(at + 1));
    }

    private static String sign(char c) {
        return c == '-' ? "−" : String.valueOf(c);
    }

    private String group() {
        at++;
        String row = row();
        if (at >= source.length()) {
            throw error("a } is missing");
        }
        at++;
        return "<mrow>" + row + "</mrow>";
    }

    private String command() {
        int from = ++at;
        while (at < source.length() && Character.isLetter(source.charAt(at))) {
            at++;
        }
        String name = source.substring(from, at);
        return switch (name) {
            case "frac" -> "<mfrac>" + atom() + atom() + "</mfrac>";
            case "sqrt" -> "<msqrt>" + atom() + "</msqrt>";
            case "hat" -> "<mover accent=\"true\">" + atom() + "<mo>^</mo></mover>";
            case "tilde" -> "<mover accent=\"true\">" + atom() + "<mo>~</mo></mover>";
            case "text" -> "<mtext>" + raw() + "</mtext>";
            default -> named(name);
        };
    }

    private String named(String name) {
        String sign = SIGNS.get(name);
        if (sign == null) {
            throw error("unknown \\" + name);
        }
        boolean operator = sign.length() > 1 || OPERATORS.contains(sign);
        return operator ? "<mo>" + sign + "</mo>" : "<mi>" + sign + "</mi>";
    }

    /** The text of a group as it is. */
    private String raw() {
        int end = source.indexOf('}', at);
        if (at >= source.length() || source.charAt(at) != '{' || end < 0) {
            throw error("\\text needs {words}");
        }
        String text = source.substring(at + 1, end);
        at = end + 1;
        return Markup.escape(text);
    }

    private void skipBlanks() {
        while (at < source.length() && source.charAt(at) == ' ') {
            at++;
        }
    }

    private IllegalArgumentException error(String what) {
        return new IllegalArgumentException("formula: " + what + " at " + at + " of '" + source + "'");
    }
}
