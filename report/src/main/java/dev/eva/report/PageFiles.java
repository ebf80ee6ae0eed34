package dev.eva.report;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.json.JsonMapper;

/**
 * The files of a page in a folder: {@code pictures/*.png}, {@code figures.json} and, last, {@code index.html}. Each is
 * written beside and renamed, so a page that is there is whole.
 */
public final class PageFiles {
    private PageFiles() {}

    /**
     * Writes all of them.
     *
     * @param about what the figures belong to: machine, date, seed
     * @return the page
     * @throws UncheckedIOException if a file cannot be written
     */
    public static Path write(Path folder, Page page, Figures figures, Map<String, ?> about) {
        Path pictures = folder.resolve("pictures");
        for (Picture p : page.pictures()) {
            write(pictures.resolve(p.name() + ".png"), p.light());
            write(pictures.resolve(p.name() + "-dark.png"), p.dark());
        }
        figures(folder.resolve("figures.json"), figures, about);
        Path index = folder.resolve("index.html");
        page(index, page);
        return index;
    }

    /** Writes a page alone, which has its pictures inside. @throws UncheckedIOException if it cannot be written */
    public static void page(Path file, Page page) {
        write(file, page.html().getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Writes figures alone, as JSON: {@code about}, then the figures by name.
     *
     * @throws UncheckedIOException if the file cannot be written
     */
    public static void figures(Path file, Figures figures, Map<String, ?> about) {
        Map<String, Object> json = new LinkedHashMap<>(about);
        json.put("figures", figures.all());
        ObjectMapper mapper = JsonMapper.builder().build();
        write(file, mapper.writerWithDefaultPrettyPrinter().writeValueAsBytes(json));
    }

    /** Writes one chart for bright pages, as PNG. @throws UncheckedIOException if it cannot be written */
    public static void picture(Path file, Chart chart) {
        write(file, Picture.of("picture", chart).light());
    }

    private static void write(Path file, byte[] content) {
        Path part = file.resolveSibling(file.getFileName() + ".part");
        try {
            if (file.getParent() != null) {
                Files.createDirectories(file.getParent());
            }
            try {
                Files.write(part, content);
                Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } finally {
                Files.deleteIfExists(part);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
