package dev.eva.model.train;

import java.util.List;

/**
 * {@code train.json}: what a run was started with, so that it can go on.
 *
 * @param name the preset or the file of the model's shape
 * @param data the words that find the text again
 * @param textHash SHA-256 of the text: a run does not go on with another one
 * @param tokenizer the tokenizer's type
 * @param train the rest
 */
public record RunSettings(String name, List<String> data, String textHash, String tokenizer, TrainConfig train) {
    public RunSettings {
        data = List.copyOf(data);
    }
}
