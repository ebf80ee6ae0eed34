package dev.eva.model.text;

import java.util.List;

/** How a conversation becomes one text. */
public enum ChatTemplate {
    /**
     * DeepSeek-V3's: {@code BEGIN SYSTEM <User> TEXT <Assistant> REPLY END} without the spaces, {@code <User>} and
     * {@code <Assistant>} being tokens. System messages stand first wherever they were given, a blank line between.
     */
    DEEPSEEK_V3 {
        @Override
        String message(Message m, SpecialTokens special) {
            return switch (m.role) {
                case SYSTEM -> "";
                case USER -> USER_TOKEN + m.content;
                case ASSISTANT -> ASSISTANT_TOKEN + m.content + special.end().orElse("");
            };
        }

        @Override
        String opening(List<String> system, SpecialTokens special) {
            return special.begin().orElse("") + String.join(BLANK_LINE, system);
        }

        @Override
        String cue() {
            return ASSISTANT_TOKEN;
        }
    },
    /**
     * DeepSeek-V2's, in plain words: {@code BEGIN SYSTEM\n\nUser: TEXT\n\nAssistant: REPLY END}. A tokenizer without
     * a token for the end has a blank line there.
     */
    DEEPSEEK_V2 {
        @Override
        String message(Message m, SpecialTokens special) {
            return switch (m.role) {
                case SYSTEM -> m.content + "\n\n";
                case USER -> "User: " + m.content + "\n\n";
                case ASSISTANT -> "Assistant: " + m.content + special.end().orElse(BLANK_LINE);
            };
        }

        @Override
        String opening(List<String> system, SpecialTokens special) {
            return special.begin().orElse("");
        }

        @Override
        String cue() {
            return "Assistant:";
        }
    };

    private static final String BLANK_LINE = "\n\n";
    private static final String USER_TOKEN = "<\uff5cUser\uff5c>";
    private static final String ASSISTANT_TOKEN = "<\uff5cAssistant\uff5c>";

    /** Who speaks. */
    public enum Role {
        SYSTEM,
        USER,
        ASSISTANT
    }

    /** What somebody says. */
    public record Message(Role role, String content) {}

    abstract String message(Message m, SpecialTokens special);

    abstract String opening(List<String> system, SpecialTokens special);

    /** What the assistant's reply comes after. */
    abstract String cue();

    /** The form that the tokenizer has tokens for. */
    public static ChatTemplate of(Tokenizer tokenizer) {
        try {
            boolean turns = tokenizer.encode(USER_TOKEN).length == 1 && tokenizer.encode(ASSISTANT_TOKEN).length == 1;
            return turns ? DEEPSEEK_V3 : DEEPSEEK_V2;
        } catch (TextException e) {
            // An alphabet that lacks these characters.
            return DEEPSEEK_V2;
        }
    }

    /** What one more turn of the user adds, up to where the assistant speaks. */
    public String turn(String text) {
        return message(new Message(Role.USER, text), SpecialTokens.NONE) + cue();
    }

    /** What ends a reply where there is no token for it. */
    public String closing() {
        return this == DEEPSEEK_V2 ? BLANK_LINE : "";
    }

    /**
     * The text of a conversation.
     *
     * @param cued whether the assistant is to speak next
     */
    public String render(List<Message> conversation, boolean cued, SpecialTokens special) {
        StringBuilder text = new StringBuilder(opening(
                conversation.stream()
                        .filter(m -> m.role == Role.SYSTEM)
                        .map(Message::content)
                        .toList(),
                special));
        conversation.forEach(m -> text.append(message(m, special)));
        return text.append(cued ? cue() : "").toString();
    }
}
