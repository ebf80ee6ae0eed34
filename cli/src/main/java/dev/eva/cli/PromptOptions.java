package dev.eva.cli;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What is to be continued. */
final class PromptOptions {
    private static final String KEY = "prompt";

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--prompt",
            paramLabel = "TEXT",
            description = "The text to continue. Several times: they are continued together.")
    private List<String> prompts = new ArrayList<>();

    @Option(
            names = "--prompt-file",
            paramLabel = "FILE",
            description = "A prompt a line; the field \"" + KEY + "\" of each line of a .jsonl.")
    private List<Path> files = new ArrayList<>();

    /** All of them, those of files last. */
    List<String> all() {
        List<String> all = new ArrayList<>(prompts);
        files.forEach(f -> all.addAll(read(f)));
        if (prompts.isEmpty() && files.isEmpty()) {
            throw new ParameterException(
                    spec.commandLine(), "Missing required option: '--prompt=TEXT' or '--prompt-file=FILE'");
        }
        if (all.isEmpty()) {
            throw new ParameterException(spec.commandLine(), files.getFirst() + ": no prompts; need at least one line");
        }
        if (all.contains("")) {
            throw new ParameterException(spec.commandLine(), "--prompt is empty; need at least one character");
        }
        return all;
    }

    private List<String> read(Path file) {
        try {
            List<String> lines =
                    Files.readAllLines(file).stream().filter(l -> !l.isBlank()).toList();
            return file.toString().endsWith(".jsonl")
                    ? lines.stream().map(l -> field(file, l)).toList()
                    : lines;
        } catch (NoSuchFileException e) {
            throw new ParameterException(spec.commandLine(), file + ": no such file", e);
        } catch (CharacterCodingException e) {
            throw new ParameterException(spec.commandLine(), file + ": not UTF-8", e);
        } catch (IOException e) {
            throw new ParameterException(spec.commandLine(), file + ": cannot be read: " + e.getMessage(), e);
        }
    }

    private String field(Path file, String line) {
        try {
            JsonNode prompt = JsonMapper.shared().readTree(line).path(KEY);
            if (prompt.isString()) {
                return prompt.stringValue();
            }
        } catch (JacksonException e) {
            throw new ParameterException(
                    spec.commandLine(), file + ": a line is not JSON; need {\"" + KEY + "\": ...}", e);
        }
        throw new ParameterException(
                spec.commandLine(), file + ": a line has no text \"" + KEY + "\"; need {\"" + KEY + "\": ...}");
    }
}
