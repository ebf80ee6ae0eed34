package dev.eva.tensor.kernel;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.stream.Stream;

/**
 * The choice of kernels, made once a process. {@code -Deva.kernels=reference|vector|opencl} forces a provider; one that
 * is forced and cannot work is an error that says what is missing; providers of one name, each with families of its
 * module, are taken together. Whatever the chosen provider lacks comes from the next best one, the scalar reference
 * last; {@code reference} takes nothing else.
 */
public final class Kernels {
    /** A provider and why it was or was not taken, for {@code eva doctor}. */
    public record Candidate(String name, int priority, boolean chosen, String reason) {}

    private static final String PROPERTY = "eva.kernels";
    private static final String REFERENCE = "reference";
    private static final List<Candidate> CANDIDATES = new ArrayList<>();
    private static final List<KernelProvider> FOUND = discover();
    private static final List<KernelProvider> CHOSEN = choose(FOUND);

    private Kernels() {}

    /** The implementation of a family to use in this process; {@code reference} is the family's constant REFERENCE. */
    public static <F> F find(Class<F> family, F reference) {
        for (KernelProvider p : CHOSEN) {
            Optional<F> found = p.find(family);
            if (found.isPresent()) {
                return found.get();
            }
        }
        return reference;
    }

    /** As {@link #find}, without the providers of a name: the host's kernels for one that hands work on. */
    public static <F> F findWithout(String provider, Class<F> family, F reference) {
        return CHOSEN.stream()
                .filter(p -> !p.name().equals(provider))
                .flatMap(p -> p.find(family).stream())
                .findFirst()
                .orElse(reference);
    }

    /**
     * The implementation of a family by one provider, whatever this process chose, so that providers can be measured
     * and compared side by side. The kernels of everything else stay the process's choice.
     *
     * @param provider a name from {@link #names}
     * @param reference the family's constant REFERENCE, which is what the name {@code reference} stands for
     * @return empty if the provider has no kernels of the family
     * @throws IllegalArgumentException if no provider is called so
     * @throws IllegalStateException if it cannot work here; the message says what is missing
     */
    public static <F> Optional<F> of(String provider, Class<F> family, F reference) {
        if (provider.equals(REFERENCE)) {
            return Optional.of(reference);
        }
        unavailable(provider).ifPresent(why -> {
            throw new IllegalStateException("kernels " + provider + ": " + why);
        });
        return FOUND.stream()
                .filter(p -> p.name().equals(provider) && p.unavailable().isEmpty())
                .flatMap(p -> p.find(family).stream())
                .findFirst();
    }

    /** Names of all providers, whether they work here or not, the best first; {@code reference} is the last. */
    public static List<String> names() {
        return Stream.concat(FOUND.stream().map(KernelProvider::name), Stream.of(REFERENCE))
                .distinct()
                .toList();
    }

    /**
     * Why a provider cannot work here and what would help; empty if it can.
     *
     * @throws IllegalArgumentException if no provider is called so
     */
    public static Optional<String> unavailable(String provider) {
        if (provider.equals(REFERENCE)) {
            return Optional.empty();
        }
        List<KernelProvider> named =
                FOUND.stream().filter(p -> p.name().equals(provider)).toList();
        if (named.isEmpty()) {
            throw new IllegalArgumentException(
                    "kernels: no provider " + provider + "; have " + String.join(", ", names()));
        }
        return named.stream().anyMatch(p -> p.unavailable().isEmpty())
                ? Optional.empty()
                : named.getFirst().unavailable();
    }

    /** Every provider that was looked at, the best first. */
    public static List<Candidate> candidates() {
        return List.copyOf(CANDIDATES);
    }

    /** One line: which kernels run and why. */
    public static String summary() {
        Candidate first =
                CANDIDATES.stream().filter(Candidate::chosen).findFirst().orElseThrow();
        return "kernels: " + first.name() + " (" + first.reason() + ")";
    }

    private static List<KernelProvider> discover() {
        List<KernelProvider> found = new ArrayList<>();
        ServiceLoader.load(KernelProvider.class, Kernels.class.getClassLoader()).forEach(found::add);
        found.sort(Comparator.comparingInt(KernelProvider::priority).reversed());
        return List.copyOf(found);
    }

    private static String notAsked(KernelProvider p, String forced, boolean others) {
        return others
                ? "only where it is asked for: -D" + PROPERTY + "=" + p.name()
                : "not asked for: -D" + PROPERTY + "=" + forced;
    }

    private static List<KernelProvider> choose(List<KernelProvider> found) {
        String forced = System.getProperty(PROPERTY, "");
        boolean others = !forced.equals(REFERENCE);
        if (others
                && !forced.isEmpty()
                && found.stream().noneMatch(p -> p.name().equals(forced))) {
            List<String> names =
                    found.stream().map(KernelProvider::name).distinct().toList();
            throw new IllegalArgumentException("-D" + PROPERTY + "=" + forced + ": no such provider; have "
                    + String.join(", ", names) + ", " + REFERENCE);
        }
        List<KernelProvider> inOrder = new ArrayList<>(found);
        // The forced one first, the rest as they are.
        inOrder.sort(Comparator.comparing(p -> !p.name().equals(forced)));
        List<KernelProvider> chosen = new ArrayList<>();
        for (KernelProvider p : inOrder) {
            boolean named = p.name().equals(forced);
            boolean asked = named || others && !p.onlyIfForced();
            Optional<String> why = asked ? p.unavailable() : Optional.of(notAsked(p, forced, others));
            if (named && why.isPresent()) {
                throw new IllegalStateException("-D" + PROPERTY + "=" + forced + ": " + why.get());
            }
            if (why.isEmpty()) {
                chosen.add(p);
            }
            String reason = why.orElseGet(p::description);
            CANDIDATES.add(new Candidate(p.name(), p.priority(), why.isEmpty() && chosen.size() == 1, reason));
        }
        String reason = !chosen.isEmpty() ? "fallback" : others ? "nothing faster works here" : "-D" + PROPERTY;
        CANDIDATES.add(new Candidate(REFERENCE, 0, chosen.isEmpty(), reason));
        return chosen;
    }
}
