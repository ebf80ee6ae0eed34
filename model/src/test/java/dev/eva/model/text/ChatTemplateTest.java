package dev.eva.model.text;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eva.model.text.ChatTemplate.Message;
import dev.eva.model.text.ChatTemplate.Role;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class ChatTemplateTest {
    private static final SpecialTokens DEEPSEEK = SpecialTokens.of("""
            {"bos_token": {"content": "<\uff5cbegin\u2581of\u2581sentence\uff5c>"}, "add_bos_token": true,
             "eos_token": "<\uff5cend\u2581of\u2581sentence\uff5c>"}""");

    /** Recorded from apply_chat_template of transformers with the template that comes with DeepSeek-V3. */
    @Test
    void deepSeekV3AsTransformersRendersIt() throws Exception {
        JsonNode cases;
        try (InputStream in = ChatTemplateTest.class.getResourceAsStream("chat-deepseek-v3.json")) {
            cases = JsonMapper.shared().readTree(in);
        }
        assertThat(cases).hasSize(22);
        for (JsonNode c : cases) {
            List<Message> conversation = new ArrayList<>();
            for (JsonNode m : c.path("messages")) {
                Role role = Role.valueOf(m.path("role").stringValue().toUpperCase(Locale.ROOT));
                conversation.add(new Message(role, m.path("content").stringValue()));
            }
            boolean cued = c.path("add_generation_prompt").booleanValue();
            assertThat(ChatTemplate.DEEPSEEK_V3.render(conversation, cued, DEEPSEEK))
                    .isEqualTo(c.path("rendered").stringValue());
        }
    }

    @Test
    void deepSeekV2InPlainWords() {
        List<Message> conversation = List.of(
                new Message(Role.SYSTEM, "S"),
                new Message(Role.USER, "U"),
                new Message(Role.ASSISTANT, "A"),
                new Message(Role.USER, "V"));
        assertThat(ChatTemplate.DEEPSEEK_V2.render(conversation, true, DEEPSEEK))
                .isEqualTo("<\uff5cbegin\u2581of\u2581sentence\uff5c>S\n\nUser: U\n\nAssistant: A"
                        + "<\uff5cend\u2581of\u2581sentence\uff5c>User: V\n\nAssistant:");
        assertThat(ChatTemplate.DEEPSEEK_V2.render(conversation, true, SpecialTokens.NONE))
                .isEqualTo("S\n\nUser: U\n\nAssistant: A\n\nUser: V\n\nAssistant:");
    }

    @Test
    void theTokenizerDecides() {
        assertThat(ChatTemplate.of(new ByteTokenizer())).isEqualTo(ChatTemplate.DEEPSEEK_V2);
        assertThat(ChatTemplate.of(CharTokenizer.of("ab"))).isEqualTo(ChatTemplate.DEEPSEEK_V2);
        assertThat(new SpecialTokens(Optional.empty(), Optional.empty(), false)).isEqualTo(SpecialTokens.NONE);
    }
}
