package dev.eva.model.generate;

import dev.eva.model.DeepSeekModel;
import dev.eva.model.text.ChatTemplate;
import dev.eva.model.text.ChatTemplate.Message;
import dev.eva.model.text.ChatTemplate.Role;
import dev.eva.model.text.Tokenizer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;

/**
 * A conversation with a model. The cache stays between the turns, so each costs only its own tokens; when it is full,
 * the oldest turns are forgotten.
 */
public final class Chat {
    /** Why a reply ended. */
    public enum End {
        /** The model was done. */
        DONE,
        /** As many tokens as were asked for. */
        MAX_TOKENS,
        /** The context is full. */
        CONTEXT_FULL,
        /** The listener said so. */
        STOPPED
    }

    /**
     * A reply.
     *
     * @param taken tokens that went into the model before it could begin
     * @param tokens tokens of the reply
     * @param forgotten earlier turns that were forgotten to make room
     * @param prefillSeconds time until the logits of the first token were there
     * @param decodeSeconds time for the rest
     */
    public record Reply(End end, int taken, int tokens, int forgotten, double prefillSeconds, double decodeSeconds) {}

    private static final String BLANK_LINE = "\n\n";

    private final Decoder decoder;
    private final Sequence sequence;
    private final float[] logits;
    private final Draws draws;
    private final Tokenizer tokenizer;
    private final ChatTemplate template;
    private final int context;
    /** The id that ends a reply, -1 if a blank line does. */
    private final int endId;
    /** What the conversation begins with. */
    private final int[] opening;
    /** Earlier turns in tokens, question and reply. What is in the cache is how opening and turns begin. */
    private final Deque<int[]> turns = new ArrayDeque<>();

    /**
     * Begins a conversation.
     *
     * @param system what the model is told beforehand
     * @param random source of all randomness: the same state and the same words give the same replies
     */
    public Chat(
            DeepSeekModel model,
            Tokenizer tokenizer,
            Optional<String> system,
            Sampling sampling,
            RandomGenerator random) {
        this.decoder = new Decoder(model);
        this.sequence = decoder.begin();
        this.logits = new float[model.config().vocabSize()];
        this.draws = new Draws(sampling, random, Math.min(logits.length, tokenizer.vocabSize()));
        this.tokenizer = tokenizer;
        this.template = ChatTemplate.of(tokenizer);
        this.context = sequence.remaining();
        int[] end = tokenizer.special().end().map(tokenizer::encode).orElse(new int[0]);
        this.endId = end.length == 1 ? end[0] : -1;
        List<Message> beforehand =
                system.map(s -> new Message(Role.SYSTEM, s)).stream().toList();
        this.opening = tokenizer.encode(template.render(beforehand, false, tokenizer.special()));
    }

    /** How the conversation is written. */
    public ChatTemplate template() {
        return template;
    }

    /** Tokens that the model takes at most. */
    public int context() {
        return context;
    }

    /** Tokens in the cache. */
    public int position() {
        return sequence.position();
    }

    /** Forgets all turns. */
    public void reset() {
        turns.clear();
        sequence.truncate(0);
    }

    /**
     * Takes what the user says and replies.
     *
     * @param goOn takes the text of the reply as it comes; false ends the reply
     * @throws IllegalArgumentException if what the user says does not fit in the context; it is not taken
     */
    public Reply say(String text, int maxTokens, Predicate<String> goOn) {
        long begin = System.nanoTime();
        int[] question = tokenizer.encode(template.turn(text));
        int forgotten = makeRoom(question.length);
        int[] unread = unread(question);
        read(unread);
        long prefilled = System.nanoTime();
        boolean blankLineEnds = endId < 0;
        TextStream reply =
                new TextStream(tokenizer.decoder(), blankLineEnds ? List.of(BLANK_LINE) : List.of(), blankLineEnds);
        int[] ids = new int[0];
        End end = null;
        while (end == null) {
            int id = draws.draw(logits, 0);
            if (id == endId) {
                end = End.DONE;
                break;
            }
            ids = append(ids, id);
            boolean more = goOn.test(reply.accept(id));
            end = ending(more, reply, ids.length == maxTokens);
            if (end == null) {
                read(id);
            }
        }
        goOn.test(blankLineEnds ? reply.end().stripTrailing() : reply.end());
        turns.add(concat(List.of(question, ids, reply.stopped() ? new int[0] : closing())));
        double decodeSeconds = (System.nanoTime() - prefilled) * 1e-9;
        return new Reply(end, unread.length, ids.length, forgotten, (prefilled - begin) * 1e-9, decodeSeconds);
    }

    private void read(int... ids) {
        draws.see(ids);
        decoder.accept(sequence, logits, ids);
    }

    /** Why the reply ends after this token, or null. */
    private End ending(boolean more, TextStream reply, boolean last) {
        if (!more) {
            return End.STOPPED;
        }
        if (reply.stopped()) {
            return End.DONE;
        }
        return last ? End.MAX_TOKENS : sequence.remaining() == 0 ? End.CONTEXT_FULL : null;
    }

    /** Forgets the oldest turns, down to half the context, if the question does not fit. */
    private int makeRoom(int question) {
        long alone = opening.length + question;
        if (alone >= context) {
            throw new IllegalArgumentException("chat: " + alone + " tokens, with what stands before; the model takes "
                    + context + ", and one has to be left for the reply; say it shorter");
        }
        long all = alone + turns.stream().mapToInt(t -> t.length).sum();
        int forgotten = 0;
        if (all >= context) {
            sequence.truncate(0);
            while (!turns.isEmpty() && all > context / 2) {
                all -= turns.removeFirst().length;
                forgotten++;
            }
        }
        return forgotten;
    }

    /** What the cache lacks of all that was said. */
    private int[] unread(int[] question) {
        List<int[]> all = new ArrayList<>();
        all.add(opening);
        all.addAll(turns);
        all.add(question);
        int[] ids = concat(all);
        return Arrays.copyOfRange(ids, sequence.position(), ids.length);
    }

    private int[] closing() {
        return endId >= 0 ? new int[] {endId} : tokenizer.encode(template.closing());
    }

    private static int[] append(int[] ids, int id) {
        int[] more = Arrays.copyOf(ids, ids.length + 1);
        more[ids.length] = id;
        return more;
    }

    private static int[] concat(List<int[]> parts) {
        return parts.stream().flatMapToInt(Arrays::stream).toArray();
    }
}
