package dev.eva.model.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.eva.mla.MlaConfig;
import dev.eva.mla.QueryProjection;
import dev.eva.model.DeepSeekConfig;
import dev.eva.model.Mutations;
import dev.eva.model.ParameterCount;
import dev.eva.moe.MoeConfig;
import dev.eva.moe.RoutingMethod;
import dev.eva.nn.RopeConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.OptionalDouble;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Broken checkpoints: each is either a model or one clear line that names the folder, in bounded memory. */
class CheckpointFuzzTest {
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final int HEADER_AT = 8;
    /** Bytes that opening a checkpoint of some kilobytes may allocate. */
    private static final long MOST = 32 << 20;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** What is broken. */
    enum Broken {
        CONFIG("config.json"),
        INDEX("model.safetensors.index.json"),
        HEADER("model-00001-of-");

        private final String file;

        Broken(String file) {
            this.file = file;
        }
    }

    @TempDir
    private Path dir;

    /** The smallest checkpoint with every part: FP8 weights and their scales, shards, experts, prediction layers. */
    private static void make(Path folder) throws IOException {
        MlaConfig mla = new MlaConfig(
                8,
                2,
                new QueryProjection.LowRank(4),
                4,
                2,
                2,
                2,
                new RopeConfig(
                        100,
                        new RopeConfig.Scaling.Yarn(4, 16, 32, 1, OptionalDouble.of(1), OptionalDouble.of(1))));
        MoeConfig moe = new MoeConfig(8, 4, 1, 2, 4, new RoutingMethod.NoauxTc(2, 1), true, 2.5);
        DeepSeekConfig config = new DeepSeekConfig(12, 8, 2, 1, 8, 1e-6, 64, 0.02, 1, mla, moe);
        RandomCheckpoint.write(config, 1, new CheckpointExport.Form(StoredType.F8_E4M3, 1500), folder);
    }

    /** One checkpoint, which a thread breaks again and again. */
    private record Victim(Path folder) {
        private Path file(Broken broken) throws IOException {
            try (Stream<Path> files = Files.list(folder)) {
                return files.filter(f -> f.getFileName().toString().startsWith(broken.file))
                        .findFirst()
                        .orElseThrow();
            }
        }

        private void open(String what, byte[] content) {
            long before = THREADS.getCurrentThreadAllocatedBytes();
            try (MappedModel model = Checkpoint.openMapped(folder)) {
                assertThat(model.model().layers()).as(what).isNotEmpty();
            } catch (CheckpointException e) {
                assertThat(e.getMessage()).as(what).startsWith(folder.toString()).hasSizeBetween(20, 2100);
                assertThat(e.getMessage().chars().noneMatch(Character::isISOControl)).as(what).isTrue();
            } catch (RuntimeException | Error e) {
                throw new AssertionError(what + ": " + e + ": " + new String(content, StandardCharsets.UTF_8), e);
            }
            countParameters(what);
            assertThat(THREADS.getCurrentThreadAllocatedBytes() - before).as(what).isLessThan(MOST);
        }

        /** What eva info does with a config. */
        private void countParameters(String what) {
            try {
                ParameterCount count = ParameterCount.of(ConfigJson.read(folder.resolve("config.json")));
                assertThat(count.total()).as(what).isPositive();
                assertThat(count.cacheReduction()).as(what).isLessThan(1);
            } catch (CheckpointException e) {
                assertThat(e.getMessage()).as(what).contains("config.json");
            }
        }

        private void fuzz(Broken broken, int times, long seed) throws IOException {
            Path file = file(broken);
            byte[] whole = Files.readAllBytes(file);
            SplittableRandom random = new SplittableRandom(seed);
            for (int n = 0; n < times; n++) {
                byte[] content = broken == Broken.HEADER ? header(whole, n, random) : json(whole, n, random);
                Files.write(file, content);
                open(broken + " " + n, content);
            }
            Files.write(file, whole);
            open(broken + " healed", whole);
            assertThat(Checkpoint.openMapped(folder).model().predictionLayers()).hasSize(1);
        }
    }

    /** Alternately values and bytes. */
    private static byte[] json(byte[] text, int n, SplittableRandom random) {
        if (n % 2 == 0) {
            return Mutations.bytes(text, random);
        }
        JsonNode root = JSON.readTree(new String(text, StandardCharsets.UTF_8));
        Mutations.nodes(root, random);
        return root.toString().getBytes(StandardCharsets.UTF_8);
    }

    /** The JSON of the header broken, with the right length before it or the old one; or bytes of the whole file. */
    private static byte[] header(byte[] file, int n, SplittableRandom random) {
        if (n % 8 == 7) {
            return Mutations.bytes(file, random);
        }
        int length = (int) ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
        byte[] text = json(Arrays.copyOfRange(file, HEADER_AT, HEADER_AT + length), n, random);
        int rest = file.length - HEADER_AT - length;
        return ByteBuffer.allocate(HEADER_AT + text.length + rest)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(n % 8 == 6 ? length : text.length)
                .put(text)
                .put(file, HEADER_AT + length, rest)
                .array();
    }

    @ParameterizedTest
    @EnumSource
    void brokenFiles(Broken broken) {
        fuzz(broken, broken == Broken.INDEX ? 20_000 : 30_000, 1);
    }

    /** Half of it on each of two threads. */
    private void fuzz(Broken broken, int times, long seed) {
        IntStream.of(0, 1).parallel().forEach(half -> {
            try {
                Path folder = dir.resolve(seed + "-" + half);
                make(folder);
                new Victim(folder).fuzz(broken, times / 2, 2 * seed + half);
                try (Stream<Path> files = Files.walk(folder)) {
                    files.sorted(Comparator.reverseOrder()).forEach(f -> f.toFile().delete());
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    @Tag("exhaustive")
    @Test
    void manyMore() {
        for (Broken broken : Broken.values()) {
            for (int seed = 10; seed < 20; seed++) {
                fuzz(broken, 30_000, seed);
            }
        }
    }
}
