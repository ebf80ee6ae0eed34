package dev.eva.model.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eva.tensor.IntTensor;
import dev.eva.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafetensorsFileTest {
    @TempDir
    Path dir;

    @Test
    void readsWhatItWrote() {
        Path path = dir.resolve("a.safetensors");
        Tensor large = Tensor.randn(new Random(1), 0, 1, 700, 1001);
        new SafetensorsWriter()
                .metadata("format", "pt")
                .add("large", large)
                .add("part", new float[] {9, 1, 2, 3, 4, 9}, 1, 2, 2)
                .add("ids", IntTensor.of(new int[] {1, -2, 3}, 3))
                .add("steps", 1L << 40, -7)
                .add("empty", Tensor.zeros(0, 5))
                .add("scalar", Tensor.full(2.5f))
                .add("codes", StoredType.F8_E4M3, new byte[] {0x38, (byte) 0xB8}, 2)
                .write(path);
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertThat(file.metadata()).containsEntry("format", "pt");
            assertThat(file.entries().keySet())
                    .containsExactly("large", "part", "ids", "steps", "empty", "scalar", "codes");
            assertThat(file.tensor("large").toArray()).isEqualTo(large.toArray());
            assertThat(file.tensor("large").shape()).isEqualTo(large.shape());
            assertThat(file.tensor("part").toArray()).containsExactly(1, 2, 3, 4);
            assertThat(file.ints("ids").array()).containsExactly(1, -2, 3);
            assertThat(file.longs("steps")).containsExactly(1L << 40, -7);
            assertThat(file.tensor("empty").size()).isZero();
            assertThat(file.tensor("scalar").item()).isEqualTo(2.5f);
            assertThat(file.tensor("codes").toArray()).containsExactly(1, -1);
            assertThat(file.entry("large").offset() % 8).isZero();
        }
        assertThat(dir.resolve("a.safetensors.tmp")).doesNotExist();
    }

    @Test
    void widensSixteenBits() {
        Path path = dir.resolve("a.safetensors");
        ByteBuffer half = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
        half.putShort(Float.floatToFloat16(1.5f))
                .putShort((short) 0x0001)
                .putShort((short) 0xFC00)
                .putShort((short) 0x8000);
        ByteBuffer bf16 = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN);
        bf16.putShort((short) (Float.floatToRawIntBits(-3.5f) >>> 16)).putShort((short) 0x7F80);
        new SafetensorsWriter()
                .add("half", StoredType.F16, half.array(), 4)
                .add("bf16", StoredType.BF16, bf16.array(), 2)
                .write(path);
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertThat(file.tensor("half").toArray()).containsExactly(1.5f, 0x1p-24f, Float.NEGATIVE_INFINITY, -0f);
            assertThat(file.tensor("bf16").toArray()).containsExactly(-3.5f, Float.POSITIVE_INFINITY);
        }
    }

    @Test
    void namesTheNearestTensorAndBothTypes() {
        Path path = dir.resolve("a.safetensors");
        new SafetensorsWriter()
                .add("lm_head.weight", IntTensor.of(new int[] {1}, 1))
                .write(path);
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertThatThrownBy(() -> file.tensor("lm_head.weigth"))
                    .hasMessage(path + ": no tensor lm_head.weigth; did you mean lm_head.weight?");
            assertThatThrownBy(() -> file.tensor("lm_head.weight"))
                    .hasMessage(path + ": tensor lm_head.weight has dtype I32;"
                            + " need F32, F64, F16, BF16, F8_E4M3, F8_E5M2 or F8_E8M0");
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
        {"a":{F,[2],[0,8]}} | 4 | tensor a ends at byte
        {"a":{F,[2],[0,8]}} | 9 | 1 bytes after tensor a belong to no tensor
        {"a":{F,[2],[0,8]},"b":{F,[2],[4,12]}} | 12 | tensor b overlaps tensor a
        {"a":{F,[1],[0,4]},"b":{F,[1],[8,12]}} | 12 | 4 bytes between tensor a and tensor b
        {"a":{F,[3],[0,8]}} | 8 | tensor a: 8 bytes for shape (3) of F32; need 12
        {"a":{F,[2],[8,0]}} | 8 | end before they begin
        {"a":{"dtype":"F31","shape":[2],"data_offsets":[0,8]}} | 8 | tensor a: unknown dtype F31; need one of F64, F32
        {"a":{"shape":[2],"data_offsets":[0,8]}} | 8 | tensor a: dtype is missing
        {"a":{"dtype":4,"shape":[2],"data_offsets":[0,8]}} | 8 | tensor a: dtype is 4, not a string
        {"a":{"dtype":"F32","data_offsets":[0,8]}} | 8 | tensor a: shape is missing
        {"a":{F,[-2],[0,8]}} | 8 | tensor a: shape holds -2
        {"a":{F,[2.5],[0,8]}} | 8 | tensor a: shape holds 2.5
        {"a":{F,[4294967296,4294967296],[0,8]}} | 8 | tensor a: shape has more than 2^63 bytes
        {"a":{F,[2],[0]}} | 8 | data_offsets has 1 numbers
        {"a":{F,[2],[0,9223372036854775807]}} | 8 | data_offsets holds 9223372036854775807
        {"a":{F,[2],[0,8]},"a":{F,[2],[8,16]}} | 16 | header is not JSON
        {"a":7} | 0 | tensor a: header entry is not an object
        [1,2] | 0 | header is JSON but not an object
        {"a": | 0 | header is not JSON
        {"__metadata__":{"a":1}} | 0 | __metadata__.a is not a string
        """)
    void refusesAMalformedHeaderInOneLine(String header, int dataBytes, String problem) throws IOException {
        // F,[shape],[offsets] is short for a tensor of F32.
        String json = header.replaceAll(
                "\\{F,(\\[[^]]*]),(\\[[^]]*])}", "{\"dtype\":\"F32\",\"shape\":$1,\"data_offsets\":$2}");
        byte[] text = json.strip().getBytes(StandardCharsets.UTF_8);
        Path path = file(text.length, text, dataBytes);
        assertThatThrownBy(() -> SafetensorsFile.open(path))
                .isInstanceOf(CheckpointException.class)
                .hasMessageStartingWith(path + ": ")
                .hasMessageContaining(problem)
                .message()
                .hasLineCount(1);
    }

    @ParameterizedTest
    @CsvSource({"0", "1", "100", "4294967296", "9223372036854775807", "-1"})
    void refusesAnImpossibleHeaderLength(long length) throws IOException {
        Path path = file(length, "{}".getBytes(StandardCharsets.UTF_8), 4);
        assertThatThrownBy(() -> SafetensorsFile.open(path))
                .isInstanceOf(CheckpointException.class)
                .hasMessage(path + ": header length " + Long.toUnsignedString(length)
                        + " in a file of 14 bytes; not a safetensors file, or truncated");
    }

    @Test
    void refusesWhatIsNoFile() throws IOException {
        assertThatThrownBy(() -> SafetensorsFile.open(dir.resolve("none")))
                .hasMessage(dir.resolve("none") + ": no such file");
        assertThatThrownBy(() -> SafetensorsFile.open(dir))
                .hasMessage(dir + ": is a directory; need a safetensors file");
        Path tiny = Files.write(dir.resolve("tiny"), new byte[3]);
        assertThatThrownBy(() -> SafetensorsFile.open(tiny)).hasMessageContaining("3 bytes is too short");
    }

    @Test
    void everyTruncationOfAFileIsRefused() throws IOException {
        Path path = dir.resolve("a.safetensors");
        new SafetensorsWriter()
                .add("a", Tensor.full(1, 3, 5))
                .add("b", Tensor.full(2, 7))
                .write(path);
        byte[] whole = Files.readAllBytes(path);
        for (int n = 0; n < whole.length; n++) {
            Path cut = Files.write(dir.resolve("cut"), Arrays.copyOf(whole, n));
            assertThatThrownBy(() -> SafetensorsFile.open(cut)).isInstanceOf(CheckpointException.class);
        }
    }

    /** The file beside the target is a link to the device that is always full, so the error is the system's own. */
    @Test
    void aFullDiskKeepsTheOldFile() throws IOException {
        Path full = Path.of("/dev/full");
        Assumptions.assumeTrue(Files.exists(full), "needs a system with /dev/full");
        Path path = dir.resolve("a.safetensors");
        new SafetensorsWriter().add("a", Tensor.full(1, 4)).write(path);
        byte[] before = Files.readAllBytes(path);
        Files.createSymbolicLink(dir.resolve("a.safetensors.tmp"), full);
        SafetensorsWriter writer = new SafetensorsWriter().add("a", Tensor.full(2, 1000));
        assertThatThrownBy(() -> writer.write(path))
                .isInstanceOf(CheckpointException.class)
                .hasMessage("save " + path + ": No space left on device; the file of before is untouched");
        assertThat(Files.readAllBytes(path)).isEqualTo(before);
        assertThat(dir.resolve("a.safetensors.tmp")).doesNotExist();
        writer.write(path);
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertThat(file.tensor("a").get(999)).isEqualTo(2);
        }
    }

    @Test
    void aMissingFolderIsSaid() {
        Path path = dir.resolve("none").resolve("a.safetensors");
        assertThatThrownBy(() -> new SafetensorsWriter().write(path)).hasMessage("save " + path + ": no such folder");
    }

    private Path file(long length, byte[] header, int dataBytes) throws IOException {
        ByteBuffer b = ByteBuffer.allocate(8 + header.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
        return Files.write(
                dir.resolve("bad.safetensors"), b.putLong(length).put(header).array());
    }
}
