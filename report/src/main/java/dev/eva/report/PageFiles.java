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
        try {
            Path pictures = Files.createDirectories(folder.resolve("pictures"));
            for (Picture p : page.pictures()) {
                write(pictures.resolve(p.name() + ".png"), p.light());
                write(pictures.resolve(p.name() + "-dark.png"), p.dark());
            }
            Map<String, Object> json = new LinkedHashMap<>(about);
            json.put("figures", figures.all());
            ObjectMapper mapper = JsonMapper.builder().build();
            write(
                    folder.resolve("figures.json"),
                    mapper.writerWithDefaultPrettyPrinter().writeValueAsBytes(json));
            Path index = folder.resolve("index.html");
            write(index, page.html().getBytes(StandardCharsets.UTF_8));
            return index;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void write(Path file, byte[] content) throws IOException {
        Path part = file.resolveSibling(file.getFileName() + ".part");
        try {
            Files.write(part, content);
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(part);
        }
    }
}
