package dev.eva.cli;

import dev.eva.model.generate.Generator;
import dev.eva.model.generate.TextStream;
import dev.eva.model.text.Tokenizer;
import java.util.List;
import java.util.Locale;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** A prompt and what was written after it. */
final class GeneratedText {
    private final String prompt;
    private final TextStream stream;
    private final StringBuilder text = new StringBuilder();
    private final ArrayNode ids = JsonMapper.shared().createArrayNode();

    GeneratedText(String prompt, Tokenizer.StreamDecoder decoder, List<String> stops) {
        this.prompt = prompt;
        this.stream = new TextStream(decoder, stops);
    }

    String prompt() {
        return prompt;
    }

    /** What was written so far. */
    String text() {
        return text.toString();
    }

    /** The text that this token adds. */
    String accept(int id) {
        ids.add(id);
        return add(stream.accept(id));
    }

    /** The rest. */
    String end() {
        return add(stream.end());
    }

    boolean stopped() {
        return stream.stopped();
    }

    private String add(String more) {
        text.append(more);
        return more;
    }

    /** {@code prompt, text, ids, prompt_tokens, tokens, end, prefill_seconds, decode_seconds}. */
    String json(Generator.Result r) {
        ObjectNode node = JsonMapper.shared().createObjectNode();
        node.put("prompt", prompt);
        node.put("text", text());
        node.set("ids", ids);
        node.put("prompt_tokens", r.promptTokens());
        node.put("tokens", r.tokens());
        node.put("end", r.end().name().toLowerCase(Locale.ROOT));
        if (r.proposed() > 0) {
            node.put("proposed", r.proposed());
            node.put("accepted", r.accepted());
        }
        node.put("prefill_seconds", r.prefillSeconds());
        node.put("decode_seconds", r.decodeSeconds());
        return node.toString();
    }
}
