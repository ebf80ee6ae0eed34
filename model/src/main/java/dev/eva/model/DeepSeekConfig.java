package dev.eva.model;

import dev.eva.mla.MlaConfig;
import dev.eva.moe.MoeConfig;
import dev.eva.moe.RoutingMethod;
import dev.eva.nn.ModelSize;

/**
 * A DeepSeek-V2/V3-style language model, by the names of Hugging Face's config.
 *
 * @param vocabSize tokens V
 * @param hiddenSize model dimension D, the same as in {@code mla} and {@code moe}
 * @param numHiddenLayers decoder layers
 * @param firstKDenseReplace leading layers with a dense feed-forward network in place of experts
 * @param intermediateSize hidden width of the dense feed-forward networks
 * @param rmsNormEps epsilon of the layer norms (not of the latent norms)
 * @param maxPositionEmbeddings longest context
 * @param initializerRange standard deviation of fresh weights
 * @param numNextnPredictLayers multi-token prediction layers, each with experts, behind the decoder layers; 0 for none
 * @param mla attention
 * @param moe experts
 */
public record DeepSeekConfig(
        int vocabSize,
        int hiddenSize,
        int numHiddenLayers,
        int firstKDenseReplace,
        int intermediateSize,
        double rmsNormEps,
        int maxPositionEmbeddings,
        double initializerRange,
        int numNextnPredictLayers,
        MlaConfig mla,
        MoeConfig moe) {
    public DeepSeekConfig {
        ModelSize.ROWS.check("vocab_size", vocabSize);
        ModelSize.HIDDEN.check("hidden_size", hiddenSize);
        ModelSize.DEPTH.check("num_hidden_layers", numHiddenLayers);
        ModelSize.WIDTH.check("intermediate_size", intermediateSize);
        ModelSize.POSITIONS.check("max_position_embeddings", maxPositionEmbeddings);
        ModelSize.DEPTH.check("num_nextn_predict_layers", numNextnPredictLayers, 0);
        if (firstKDenseReplace < 0 || firstKDenseReplace > numHiddenLayers) {
            throw new IllegalArgumentException("first_k_dense_replace: " + firstKDenseReplace
                    + "; need 0 to num_hidden_layers " + numHiddenLayers);
        }
        if (!(rmsNormEps > 0)) {
            throw new IllegalArgumentException("rms_norm_eps: " + rmsNormEps + "; need more than 0");
        }
        if (!(initializerRange > 0)) {
            throw new IllegalArgumentException("initializer_range: " + initializerRange + "; need more than 0");
        }
        if (mla.hiddenSize() != hiddenSize || moe.hiddenSize() != hiddenSize) {
            throw new IllegalArgumentException("hidden_size: " + hiddenSize + ", but attention has " + mla.hiddenSize()
                    + " and experts have " + moe.hiddenSize() + "; need the same");
        }
    }

    /** The same shape with another vocabulary. */
    public DeepSeekConfig withVocabSize(int other) {
        return new DeepSeekConfig(
                other,
                hiddenSize,
                numHiddenLayers,
                firstKDenseReplace,
                intermediateSize,
                rmsNormEps,
                maxPositionEmbeddings,
                initializerRange,
                numNextnPredictLayers,
                mla,
                moe);
    }

    /** The same model with another longest context. */
    public DeepSeekConfig withMaxPositionEmbeddings(int positions) {
        return new DeepSeekConfig(
                vocabSize,
                hiddenSize,
                numHiddenLayers,
                firstKDenseReplace,
                intermediateSize,
                rmsNormEps,
                positions,
                initializerRange,
                numNextnPredictLayers,
                mla,
                moe);
    }

    /** Whether layer {@code l} has experts (or a dense feed-forward network). */
    public boolean isMoe(int l) {
        return l >= firstKDenseReplace;
    }

    /** Number of layers with experts. */
    public int moeLayers() {
        return numHiddenLayers - firstKDenseReplace;
    }

    /** {@code deepseek_v3} for sigmoid routing, {@code deepseek_v2} for softmax. */
    public String modelType() {
        return moe.method() instanceof RoutingMethod.NoauxTc ? "deepseek_v3" : "deepseek_v2";
    }

    /** The same model with another number of multi-token prediction layers. */
    public DeepSeekConfig withPredictionLayers(int layers) {
        return new DeepSeekConfig(
                vocabSize,
                hiddenSize,
                numHiddenLayers,
                firstKDenseReplace,
                intermediateSize,
                rmsNormEps,
                maxPositionEmbeddings,
                initializerRange,
                layers,
                mla,
                moe);
    }
}
