package dev.eva.model.checkpoint;

import dev.eva.fp8.Fp8Blocks;
import dev.eva.fp8.Fp8Weight;
import dev.eva.model.DeepSeekConfig;
import dev.eva.model.ParameterShape;
import dev.eva.nn.Parameter;
import dev.eva.tensor.Parallel;
import dev.eva.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Fills parameters from the tensors of a checkpoint, widening what is stored in 16 or 8 bits. */
final class WeightReader {
    /** Problems that a message spells out; the rest is counted. */
    private static final int SHOWN = 8;
    /** The types of the scales of blocks; F8_E8M0 are powers of two. */
    private static final Set<StoredType> SCALES =
            Set.of(StoredType.F32, StoredType.BF16, StoredType.F16, StoredType.F8_E8M0);

    private final CheckpointFiles files;

    WeightReader(CheckpointFiles files) {
        this.files = files;
    }

    /**
     * Checks that the checkpoint holds exactly the tensors of the given parameters, but for copies in multi-token
     * prediction layers, or those layers whole where the config has none.
     *
     * @throws CheckpointException with all problems
     */
    void check(List<ParameterShape> parameters, DeepSeekConfig config) {
        checkNumber(config);
        Set<String> unused = new LinkedHashSet<>(files.names());
        // transformers saves empty matrices for shared experts of which there are none.
        unused.removeIf(name -> name.endsWith(".rotary_emb.inv_freq") || files.entry(name).size() == 0);
        List<String> missing = new ArrayList<>();
        List<String> problems = new ArrayList<>();
        if (config.numNextnPredictLayers() == 0) {
            files.predictionLayerNames().forEach(unused::remove);
        }
        for (int k = 0; k < config.numNextnPredictLayers(); k++) {
            HfNames.copies(config.numHiddenLayers() + k).forEach((copy, of) -> checkCopy(copy, of, unused, problems));
        }
        for (ParameterShape p : parameters) {
            for (HfNames.Piece piece : HfNames.pieces(p)) {
                if (unused.remove(piece.name())) {
                    checkPiece(piece, unused, problems);
                } else {
                    missing.add(piece.name());
                }
            }
        }
        for (String name : missing) {
            // A hint looks at every name; only those that are shown get one.
            boolean shown = problems.size() < SHOWN;
            problems.add("missing " + name
                    + (shown ? Nearest.to(name, unused) : Optional.<String>empty())
                            .map(n -> " (nearest: " + n + ")")
                            .orElse(""));
        }
        unused.forEach(name -> problems.add("unexpected " + name));
        if (!problems.isEmpty()) {
            String more = problems.size() > SHOWN ? "; and " + (problems.size() - SHOWN) + " more" : "";
            throw new CheckpointException(files.path() + ": tensors do not fit the config: "
                    + String.join("; ", problems.subList(0, Math.min(SHOWN, problems.size()))) + more);
        }
    }

    /** A config that asks for many times the tensors there are is not worth a list of them. */
    private void checkNumber(DeepSeekConfig config) {
        long experts = 3L * (config.moeLayers() + config.numNextnPredictLayers())
                * config.moe().nRoutedExperts();
        long have = files.names().size();
        if (experts > 4 * have + 1000) {
            throw new CheckpointException(files.path() + ": the config has " + config.numHiddenLayers()
                    + " layers and " + config.moe().nRoutedExperts() + " experts in most, " + experts
                    + " matrices; the files have " + have + " tensors in all; they do not belong together");
        }
    }

    /** A layer that brings an embedding or a head of its own is another model than this one. */
    private void checkCopy(String copy, String of, Set<String> unused, List<String> problems) {
        if (!unused.remove(copy) || !files.has(of)) {
            return;
        }
        boolean equal = isCopy(copy, of);
        if (files.entry(copy).type().fp8().isPresent()) {
            // Codes alone say little: the scales of their blocks are copies, too.
            String scale = copy + HfNames.SCALE_SUFFIX;
            equal &= unused.remove(scale) && files.has(of + HfNames.SCALE_SUFFIX)
                    && isCopy(scale, of + HfNames.SCALE_SUFFIX);
        }
        if (!equal) {
            problems.add(copy + " differs from " + of + ", need a copy or none");
        }
    }

    private boolean isCopy(String copy, String of) {
        return files.entry(copy).type() == files.entry(of).type()
                && files.fileOf(copy).segment(copy).mismatch(files.fileOf(of).segment(of)) < 0;
    }

    private void checkPiece(HfNames.Piece piece, Set<String> unused, List<String> problems) {
        SafetensorsFile.Entry e = files.entry(piece.name());
        if (!sameDims(e, piece.dims())) {
            problems.add(piece.name() + " has shape " + e.shapeText() + ", need " + piece.dimsText());
        }
        switch (e.type()) {
            case F32, F64, F16, BF16 -> {}
            case F8_E4M3, F8_E5M2 -> checkScale(e.type(), piece, unused, problems);
            case F8_E8M0, I64, I32, I16, I8, U64, U32, U16, U8, BOOL ->
                problems.add(piece.name() + " has dtype " + e.type() + ", need F32, BF16, F16, F8_E4M3 or F8_E5M2");
        }
    }

    private void checkScale(
            StoredType type, HfNames.Piece piece, Set<String> unused, List<String> problems) {
        String name = piece.name() + HfNames.SCALE_SUFFIX;
        SafetensorsFile.Entry scale = files.entry(name);
        if (scale == null || piece.dims().length != 2) {
            problems.add(piece.name() + " has dtype " + type + " without a " + name);
            return;
        }
        unused.remove(name);
        int[] grid = {Fp8Blocks.blocks(piece.dims()[0]), Fp8Blocks.blocks(piece.dims()[1])};
        if (!SCALES.contains(scale.type()) || !sameDims(scale, grid)) {
            problems.add(name + " is " + scale.type() + " " + scale.shapeText() + ", need F32 or F8_E8M0 (" + grid[0]
                    + ", " + grid[1] + ")");
        }
    }

    private static boolean sameDims(SafetensorsFile.Entry e, int[] dims) {
        return Arrays.equals(e.shape(), Arrays.stream(dims).asLongStream().toArray());
    }

    /** Fills the parameters; {@link #check} has been called. */
    void read(List<Parameter> parameters) {
        record Job(HfNames.Piece piece, Tensor into) {}
        List<Job> jobs = new ArrayList<>();
        for (Parameter p : parameters) {
            for (HfNames.Piece piece :
                    HfNames.pieces(p.name(), p.value().shape().dims())) {
                jobs.add(new Job(piece, p.value()));
            }
        }
        Parallel.run(jobs.size(), i -> read(jobs.get(i).piece, jobs.get(i).into));
        parameters.forEach(p -> p.value().markWritten());
    }

    private void read(HfNames.Piece piece, Tensor into) {
        SafetensorsFile file = files.fileOf(piece.name());
        int at = into.offset() + piece.offset();
        if (file.entry(piece.name()).type().fp8().isPresent()) {
            int cols = piece.dims()[1];
            Fp8Weight weight = StoredWeights.fp8(files, piece.name(), piece.dims()[0], cols);
            for (int i = 0; i < weight.rows(); i++) {
                weight.widen(i, 0, cols, into.array(), at + i * cols);
            }
        } else {
            file.read(piece.name(), into.array(), at);
        }
    }
}
