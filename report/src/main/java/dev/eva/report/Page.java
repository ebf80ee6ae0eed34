package dev.eva.report;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Pattern;

/**
 * A page in one file: pictures and style are inside, nothing is fetched, no script runs. Prose and cells are markup:
 *
 * <ul>
 *   <li>{@code {cache.gpt2.standard}}: a figure with its unit; {@code {cache.gpt2.standard:1}} with one decimal; {@code
 *       {=cache.gpt2.standard:1}} without the unit, for columns that name it
 *   <li>{@code $c_t = W h_t$}: a formula in a small part of TeX; {@code `Router`}: code; {@code *latent*}: emphasis;
 *       {@code [DeepSeek-V3, section 2.1]}: a source
 * </ul>
 *
 * <p>A number that stands alone in prose is an error: it is a figure, or a constant written as a formula, {@code
 * $512$}.
 */
public final class Page {
    /** As in the style sheet. */
    private static final String PHONE = "screen and (max-width: 32rem)";

    private record Part(String id, String title) {}

    private final String title;
    private final String introduction;
    private final String about;
    private final Figures figures;
    private final List<Part> parts = new ArrayList<>();
    private final List<Picture> pictures = new ArrayList<>();
    private final StringBuilder body = new StringBuilder();

    /**
     * An empty page.
     *
     * @param introduction markup
     * @param about what the figures belong to, machine and date for instance; shown as it is
     */
    public Page(String title, String introduction, String about, Figures figures) {
        this.title = title;
        this.introduction = introduction;
        this.about = about;
        this.figures = figures;
    }

    /** Begins a section; {@code id} is its anchor. */
    public void section(String id, String sectionTitle) {
        endSection();
        parts.add(new Part(id, sectionTitle));
        body.append("<section id=\"").append(id).append("\">\n<h2>");
        body.append(Markup.html(sectionTitle, figures)).append("</h2>\n");
    }

    private void endSection() {
        if (!parts.isEmpty()) {
            body.append("</section>\n");
        }
    }

    /** A heading inside a section. */
    public void heading(String text) {
        element("h3", text);
    }

    /** A paragraph. */
    public void text(String text) {
        element("p", text);
    }

    /** A paragraph that says what the result means, set apart. */
    public void finding(String text) {
        body.append("<p class=\"finding\">").append(Markup.html(text, figures)).append("</p>\n");
    }

    /** Points below each other. */
    public void list(String... items) {
        body.append("<ul>\n");
        for (String item : items) {
            element("li", item);
        }
        body.append("</ul>\n");
    }

    private void element(String tag, String text) {
        body.append('<').append(tag).append('>').append(Markup.html(text, figures));
        body.append("</").append(tag).append(">\n");
    }

    /**
     * A formula in a line of its own; its parts between {@code \quad} move below each other where it is narrow.
     *
     * @param formula in the notation of {@code $...$}
     * @param where what its letters are, with shapes and units; markup
     */
    public void formula(String formula, String... where) {
        body.append("<div class=\"formula\"><div>\n");
        for (String part : formula.split(Pattern.quote("\\quad"))) {
            body.append(Formula.block(part)).append('\n');
        }
        body.append("</div>\n");
        if (where.length > 0) {
            list(where);
        }
        body.append("</div>\n");
    }

    /** Source code, as it is. */
    public void code(String source, String origin) {
        body.append("<figure class=\"code\"><pre><code>").append(Markup.escape(source));
        body.append("</code></pre><figcaption><code>")
                .append(Markup.escape(origin))
                .append("</code></figcaption>");
        body.append("</figure>\n");
    }

    /** Text that something wrote, as it is. */
    public void sample(String text) {
        body.append("<pre class=\"sample\">").append(Markup.escape(text)).append("</pre>\n");
    }

    /** A table. */
    public void table(DataTable table) {
        body.append("<figure class=\"table\"><figcaption>").append(Markup.html(table.caption(), figures));
        body.append("</figcaption>\n<div><table>\n<thead><tr>");
        for (String cell : table.header()) {
            body.append("<th scope=\"col\">").append(Markup.html(cell, figures)).append("</th>");
        }
        body.append("</tr></thead>\n<tbody>\n");
        for (List<String> row : table.rows()) {
            body.append("<tr><th scope=\"row\">")
                    .append(Markup.html(row.getFirst(), figures))
                    .append("</th>");
            for (String cell : row.subList(1, row.size())) {
                body.append("<td>").append(Markup.html(cell, figures)).append("</td>");
            }
            body.append("</tr>\n");
        }
        body.append("</tbody>\n</table></div></figure>\n");
    }

    /** A chart, drawn for bright and for dark pages; {@code name} becomes that of its files. */
    public void picture(String name, Chart chart, String caption) {
        Picture p = Picture.of(name, chart);
        pictures.add(p);
        Picture.Narrow n = p.narrow();
        body.append("<figure><picture>");
        source(PHONE + " and (prefers-color-scheme: dark)", n.dark(), n.width(), n.height());
        source(PHONE, n.light(), n.width(), n.height());
        source("screen and (prefers-color-scheme: dark)", p.dark(), p.width(), p.height());
        body.append("<img id=\"picture-").append(name).append('"');
        size(p.width(), p.height());
        body.append(" alt=\"").append(Markup.escape(plain(caption)));
        body.append("\" src=\"").append(uri(p.light())).append("\"></picture><figcaption>");
        body.append(Markup.html(caption, figures)).append("</figcaption></figure>\n");
    }

    /** A picture for where {@code media} holds. */
    private void source(String media, byte[] png, int width, int height) {
        body.append("<source media=\"").append(media).append('"');
        size(width, height);
        body.append(" srcset=\"").append(uri(png)).append("\">");
    }

    private void size(int width, int height) {
        body.append(" width=\"").append(width).append("\" height=\"").append(height).append('"');
    }

    private static String uri(byte[] png) {
        return "data:image/png;base64," + Base64.getEncoder().encodeToString(png);
    }

    /** Markup for a terminal: figures as numbers, the marks left out. */
    public String plain(String markup) {
        return Markup.plain(markup, figures);
    }

    List<Picture> pictures() {
        return pictures;
    }

    /** The whole page. */
    String html() {
        StringBuilder out =
                new StringBuilder("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        out.append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        out.append("<meta name=\"color-scheme\" content=\"light dark\">\n");
        out.append("<title>")
                .append(Markup.escape(title))
                .append("</title>\n<style>\n")
                .append(style());
        out.append("</style>\n</head>\n<body>\n<main>\n<header><h1>")
                .append(Markup.escape(title))
                .append("</h1>\n");
        out.append("<p>").append(Markup.html(introduction, figures)).append("</p>\n<p class=\"about\"><code>");
        out.append(Markup.escape(about)).append("</code></p>\n</header>\n<nav><ol>\n");
        for (Part part : parts) {
            out.append("<li><a href=\"#").append(part.id).append("\">").append(Markup.html(part.title, figures));
            out.append("</a></li>\n");
        }
        out.append("</ol></nav>\n").append(body).append(parts.isEmpty() ? "" : "</section>\n");
        return out.append("</main>\n</body>\n</html>\n").toString();
    }

    private static String style() {
        try (InputStream css = Page.class.getResourceAsStream("page.css")) {
            return new String(css.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
