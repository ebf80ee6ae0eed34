package dev.eva.report;

import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a line of prose may hold besides words:
 *
 * <ul>
 *   <li>{@code {cache.gpt2.standard}}: a figure with its unit; {@code {cache.gpt2.standard:1}} with one decimal; {@code
 *       {=cache.gpt2.standard:1}} without the unit, for columns that name it
 *   <li>{@code $c_t = W h_t$}: a formula, see {@link Formula}
 *   <li>{@code `Router`}: code; {@code *latent*}: emphasis; {@code [DeepSeek-V3, section 2.1]}: a source
 * </ul>
 *
 * <p>A number that stands alone in prose is an error: it is either a figure, or a constant of the text, which is
 * written as a formula, {@code $512$}. So no result can be typed in by hand and grow stale.
 */
final class Markup {
    private static final Pattern PARTS = Pattern.compile("\\{(?<bare>=?)(?<name>[a-z0-9][a-z0-9._-]*)(:(?<dec>\\d))?}"
            + "|\\$(?<math>[^$]+)\\$|`(?<code>[^`]+)`|\\*(?<em>[^*]+)\\*|\\[(?<cite>[^\\]]+)]");

    /** Digits that are no part of a name: not of GPT-2, E4M3 or the tile 1x128. */
    static final Pattern NUMBER = Pattern.compile("(?<![\\p{L}\\d_.,]|[\\p{L}\\d]-)\\d+(?:[.,]\\d+)*(?!\\d|x\\d)");

    private Markup() {}

    /** The text as HTML, figures as {@code data} elements. */
    static String html(String text, Figures figures) {
        return convert(text, true, figures);
    }

    /** The text for a terminal: figures as numbers, the marks left out. */
    static String plain(String text, Figures figures) {
        return convert(text, false, figures);
    }

    /** {@code &}, {@code <}, {@code >} and quotes as entities. */
    static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }

    private static String convert(String text, boolean html, Figures figures) {
        StringBuilder out = new StringBuilder();
        Matcher matcher = PARTS.matcher(text);
        int from = 0;
        while (matcher.find()) {
            out.append(words(text.substring(from, matcher.start()), html));
            out.append(part(matcher.toMatchResult(), html, figures));
            from = matcher.end();
        }
        return out.append(words(text.substring(from), html)).toString();
    }

    private static String words(String text, boolean html) {
        Matcher number = NUMBER.matcher(text);
        if (number.find()) {
            throw new IllegalArgumentException("text: the number " + number.group() + " in '" + text.strip()
                    + "' is no figure; need {name of a figure}, or $" + number.group() + "$ for a constant");
        }
        return html ? escape(text) : text;
    }

    private static String part(MatchResult part, boolean html, Figures figures) {
        if (part.group("name") != null) {
            return figure(part, html, figures);
        } else if (part.group("math") != null) {
            if (html && part.group("math").matches("[\\d.,]+")) {
                return "<span class=\"constant\">" + part.group("math") + "</span>";
            }
            return html ? Formula.inline(part.group("math")) : Formula.plain(part.group("math"));
        } else if (part.group("code") != null) {
            return html ? "<code>" + escape(part.group("code")) + "</code>" : part.group("code");
        } else if (part.group("em") != null) {
            String inner = convert(part.group("em"), html, figures);
            return html ? "<em>" + inner + "</em>" : inner;
        }
        return html ? "<cite>" + escape(part.group("cite")) + "</cite>" : "(" + part.group("cite") + ")";
    }

    private static String figure(MatchResult part, boolean html, Figures figures) {
        String name = part.group("name");
        Figures.Figure figure = figures.get(name);
        String decimals = part.group("dec");
        String number = decimals == null ? figure.number() : figure.number(Integer.parseInt(decimals));
        String shown = part.group("bare").isEmpty() ? figure.withUnit(number) : number;
        return html
                ? "<data class=\"figure\" data-name=\"" + name + "\" value=\"" + figure.value() + "\">" + escape(shown)
                        + "</data>"
                : shown;
    }
}
