package dev.baton.model.torch;

import dev.baton.kernel.Kernels.Activation;
import dev.baton.libtorch.TorchDtype;
import dev.baton.model.Family.Trait;
import dev.baton.model.ModelConfig;
import dev.baton.model.torch.TorchRecipe.Slots;
import java.util.List;
import java.util.Map;

/**
 * The forward pass as TorchScript, written from a configuration. Each kind of layer, that is each set of tensors that
 * layers have, gets a method before attention and one after it; attention and the cache are the same for all.
 *
 * <p>The residual stream, norms and rotation are f32. A product is made in the type of its weights, attention in that of
 * the cache. A chunk under a mask copies its keys and values for every head: over heads that share them, libtorch's
 * memory-efficient kernel takes a last block of one query for the heads of that query and reads the mask of other rows.
 */
final class TorchScript {
    /** Below every score that can be computed, above what hides one: a row that has seen nothing yet stays finite. */
    private static final String LOWEST = "-1.0e30";

    private static final String HIDDEN_SCORE = "-3.0e38";

    /** Added to a score that is masked; every type of a cache can hold it. */
    private static final String MASKED = "-6.0e4";

    private static final String SHARED = """
              def embed(self: __torch__.Model, table: Tensor, ids: Tensor) -> Tensor:
                return torch.mul(torch.to(torch.index_select(table, 0, ids), 6), $embedding)

              def pick(self: __torch__.Model, x: Tensor, rows: Tensor) -> Tensor:
                return torch.index_select(x, 0, rows)

              def norm(self: __torch__.Model, x: Tensor, weight: Tensor) -> Tensor:
                return torch.rms_norm(torch.to(x, 6), [torch.size(weight, 0)], weight, $epsilon)

              def product(self: __torch__.Model, x: Tensor, weight: Tensor) -> Tensor:
                return torch.linear(torch.to(x, ops.prim.dtype(weight)), weight)

              def spread(self: __torch__.Model, angles: Tensor) -> Tensor:
                a = torch.select(angles, 0, 0)
                b = torch.select(angles, 0, 1)
                both = torch.cat([torch.cat([a, a], 1), torch.cat([torch.neg(b), b], 1)], 0)
                return torch.reshape(both, [2, -1, 1, $rotated])

              def gated(self: __torch__.Model, x: Tensor) -> Tensor:
                half = torch.floordiv(torch.size(x, 1), 2)
                gate = torch.slice(x, 1, 0, half)
                return torch.mul($activation, torch.slice(x, 1, half, torch.size(x, 1)))

              def cells(self: __torch__.Model, pool: Tensor) -> Tensor:
                return torch.permute(pool, [0, 3, 1, 2, 4])

              def store(self: __torch__.Model, qkv: Tensor, pool: Tensor, block: Tensor, token: Tensor) -> Tensor:
                fresh = torch.reshape(torch.slice(qkv, 1, $heads, $all), [-1, 2, $kv, $dim])
                rounded = torch.to(fresh, ops.prim.dtype(pool))
                _0 = torch.index_put_(self.cells(pool), annotate(List[Optional[Tensor]], [block, token]), rounded)
                return rounded

              def host(self: __torch__.Model, bytes: int, pinned: bool) -> Tensor:
                return torch.empty([bytes], dtype=0, layout=None, device=torch.device("cpu"), pin_memory=pinned, memory_format=None)

              def bring(self: __torch__.Model, rows: List[Tensor], to: Tensor) -> NoneType:
                _0 = torch.copy_(to, torch.stack(rows))
                return None

              def blocks(self: __torch__.Model, pools: List[Tensor], ids: Tensor, to: Tensor) -> NoneType:
                parts = annotate(List[Tensor], [])
                for i in range(torch.len(pools)):
                  _0 = torch.append(parts, torch.index_select(pools[i], 0, ids))
                _1 = torch.copy_(to, torch.stack(parts))
                return None

              def fetch(self: __torch__.Model, region: Tensor, pool: Tensor, there: Tensor, here: Tensor) -> NoneType:
                _0 = torch.index_copy_(pool, 0, here, torch.to(torch.index_select(region, 0, there), pool))
                return None

              def tile(self: __torch__.Model, pool: Tensor, ids: Tensor) -> Tensor:
                s = torch.size(ids, 0)
                blocks = torch.index_select(pool, 0, torch.reshape(ids, [-1]))
                apart = torch.reshape(blocks, [s, $tile, 2, $kv, $block, $dim])
                return torch.to(torch.reshape(torch.permute(apart, [2, 0, 3, 1, 4, 5]), [2, s, $kv, $tokens, $dim]), 6)

              def attend(self: __torch__.Model, qkv: Tensor, pool: Tensor, rows: Tensor, table: Tensor, position: Tensor, end: Tensor, ramp: Tensor, first: int, last: int, window: int, out: Tensor) -> NoneType:
                s = torch.size(position, 0)
                r = torch.size(position, 1)
                q0 = torch.mul(torch.slice(torch.index_select(qkv, 0, rows), 1, 0, $heads), $scale)
                q1 = torch.permute(torch.reshape(q0, [s, r, $kv, $group, $dim]), [0, 2, 3, 1, 4])
                q = torch.reshape(q1, [s, $kv, torch.mul($group, r), $dim])
                top = torch.full_like(torch.slice(q, 3, 0, 1), $lowest)
                total = torch.zeros_like(top)
                sum = torch.zeros_like(q)
                seen = torch.unsqueeze(position, 2)
                for i in range(torch.sub(last, first)):
                  at = torch.add(first, i)
                  kv = self.tile(pool, torch.slice(table, 1, torch.mul(at, $tile), torch.mul(torch.add(at, 1), $tile)))
                  t = torch.add(ramp, torch.mul(at, $tokens))
                  empty = torch.reshape(torch.ge(t, torch.unsqueeze(end, 1)), [s, 1, $tokens, 1])
                  values = torch.masked_fill(torch.select(kv, 0, 1), empty, 0.0)
                  score = $softcap(torch.matmul(q, torch.transpose(torch.select(kv, 0, 0), 2, 3)))
                  hidden = torch.gt(t, seen)
                  if torch.gt(window, 0):
                    hidden = torch.logical_or(hidden, torch.le(t, torch.sub(seen, window)))
                  else:
                    pass
                  apart = torch.reshape(score, [s, $kv, $group, r, $tokens])
                  known = torch.masked_fill(apart, torch.reshape(hidden, [s, 1, 1, r, $tokens]), $hidden)
                  visible = torch.reshape(known, [s, $kv, torch.mul($group, r), $tokens])
                  higher = torch.maximum(top, torch.amax(visible, [-1], True))
                  weight = torch.exp(torch.sub(visible, higher))
                  keep = torch.exp(torch.sub(top, higher))
                  total = torch.add(torch.mul(total, keep), torch.sum(weight, [-1], True))
                  sum = torch.add(torch.mul(sum, keep), torch.matmul(weight, values))
                  top = higher
                made = torch.reshape(torch.div(sum, total), [s, $kv, $group, r, $dim])
                flat = torch.reshape(torch.permute(made, [0, 3, 1, 2, 4]), [torch.mul(s, r), $width])
                _0 = torch.index_copy_(out, 0, rows, flat)
                return None

              def held(self: __torch__.Model, table: Tensor, last: Tensor, from0: int, count: int) -> Tensor:
                near = ops.prim.device(table)
                at = torch.add(torch.arange(count, dtype=4, layout=None, device=near, pin_memory=False), from0)
                seen = torch.minimum(torch.unsqueeze(at, 0), torch.unsqueeze(last, 1))
                block = torch.gather(table, 1, torch.floor_divide(seen, $block))
                cell = torch.add(torch.mul(block, $cells), torch.remainder(seen, $block))
                head = torch.mul(torch.arange($pairs, dtype=4, layout=None, device=near, pin_memory=False), $block)
                return torch.reshape(torch.add(torch.reshape(head, [2, 1, $kv, 1]), torch.unsqueeze(cell, 1)), [-1])

              def hidden(self: __torch__.Model, position: Tensor, from0: int, count: int, window: int) -> Tensor:
                near = ops.prim.device(position)
                at = torch.add(torch.arange(count, dtype=4, layout=None, device=near, pin_memory=False), from0)
                seen = torch.unsqueeze(position, 1)
                hidden = torch.gt(at, seen)
                if torch.gt(window, 0):
                  hidden = torch.logical_or(hidden, torch.le(at, torch.sub(seen, window)))
                else:
                  pass
                return torch.mul(torch.to(hidden, $kept), $masked)

              def together(self: __torch__.Model, x: Tensor, from0: int, to: int) -> Tensor:
                q = torch.reshape(torch.slice(torch.slice(x, 0, from0, to), 1, 0, $heads), [-1, $kv, $group, $dim])
                return torch.permute(q, [1, 2, 0, 3])

              def shared(self: __torch__.Model, x: Tensor) -> Tensor:
                return torch.expand(torch.unsqueeze(x, 1), [-1, $group, -1, -1])

              def flat(self: __torch__.Model, made: Tensor) -> Tensor:
                return torch.reshape(torch.permute(made, [2, 0, 1, 3]), [-1, $width])

              def prompt(self: __torch__.Model, qkv: Tensor, from0: int, to: int) -> Tensor:
                x = torch.slice(qkv, 0, from0, to)
                k = self.shared(torch.permute(torch.slice(x, 1, $heads, $turned), [1, 0, 2]))
                v = self.shared(torch.permute(torch.slice(x, 1, $turned, $all), [1, 0, 2]))
                q = self.together(qkv, from0, to)
                return self.flat(torch.scaled_dot_product_attention(q, k, v, None, 0., True, scale=$scale))

              def chunk(self: __torch__.Model, qkv: Tensor, from0: int, to: int, pool: Tensor, held: Tensor, mask: Tensor) -> Tensor:
                kv = torch.reshape(torch.index_select(torch.reshape(pool, [-1, $dim]), 0, held), [2, $kv, -1, $dim])
                k = torch.contiguous(self.shared(torch.select(kv, 0, 0)))
                v = torch.contiguous(self.shared(torch.select(kv, 0, 1)))
                q = self.together(qkv, from0, to)
                return self.flat(torch.scaled_dot_product_attention(q, k, v, mask, 0., False, scale=$scale))

              def flash(self: __torch__.Model, qkv: Tensor, from0: int, to: int, pool: Tensor, held: Tensor, back: int) -> Tensor:
                kv = torch.reshape(torch.index_select(torch.reshape(pool, [-1, $dim]), 0, held), [2, 1, $kv, -1, $dim])
                k = torch.transpose(torch.select(kv, 0, 0), 1, 2)
                v = torch.transpose(torch.select(kv, 0, 1), 1, 2)
                q = torch.unsqueeze(torch.slice(torch.slice(qkv, 0, from0, to), 1, 0, $heads), 0)
                y, _0, _1, _2, _3 = torch._flash_attention_forward(q, k, v, None, None, torch.size(q, 1), torch.size(k, 1), 0., True, False, scale=$scale, window_size_left=back)
                return torch.reshape(y, [-1, $width])

              def one(self: __torch__.Model, qkv: Tensor, from0: int, to: int, pool: Tensor, held: Tensor, mask: Optional[Tensor]) -> Tensor:
                s = torch.sub(to, from0)
                kv = torch.reshape(torch.index_select(torch.reshape(pool, [-1, $dim]), 0, held), [2, s, $kv, -1, $dim])
                q = torch.reshape(torch.slice(torch.slice(qkv, 0, from0, to), 1, 0, $heads), [s, $kv, $group, $dim])
                y = torch.scaled_dot_product_attention(q, torch.select(kv, 0, 0), torch.select(kv, 0, 1), mask, 0., False, scale=$scale)
                return torch.reshape(y, [s, $width])

              def single(self: __torch__.Model, qkv: Tensor, from0: int, to: int, pool: Tensor, held: Tensor) -> Tensor:
                return self.one(qkv, from0, to, pool, held, None)

              def singles(self: __torch__.Model, qkv: Tensor, from0: int, to: int, pool: Tensor, held: Tensor, mask: Tensor) -> Tensor:
                return self.one(qkv, from0, to, pool, held, torch.unsqueeze(torch.unsqueeze(mask, 1), 1))

              def joined(self: __torch__.Model, parts: List[Tensor]) -> Tensor:
                return torch.cat(parts, 0)

              def uncapped(self: __torch__.Model, score: Tensor) -> Tensor:
                return score

              def capped(self: __torch__.Model, score: Tensor) -> Tensor:
                return torch.mul(torch.tanh(torch.div(score, $cap)), $cap)

              def head(self: __torch__.Model, hidden: Tensor, norm: Tensor, weight: Tensor, out: Tensor) -> NoneType:
                _0 = torch.copy_(out, $logits)
                return None
            """;

    /** The two halves of a head change places. */
    private static final String WHOLE_TURN =
            "    made = torch.addcmul(torch.mul(x, c), torch.roll(x, [$half], [2]), d)\n";

    private static final String PART_TURN = """
                a = torch.slice(x, 2, 0, $rotated)
                turned = torch.addcmul(torch.mul(a, c), torch.roll(a, [$half], [2]), d)
                made = torch.cat([turned, torch.to(torch.slice(x, 2, $rotated, $dim), 6)], 2)
            """;

    private final ModelConfig config;
    private final Map<String, Object> numbers;

    /**
     * @param blockTokens tokens of a block; a tile of attention is {@link TorchTiles#blocks} of them
     * @param cache type of keys and values
     */
    TorchScript(ModelConfig config, int blockTokens, TorchDtype cache) {
        this.config = config;
        int tile = TorchTiles.blocks(blockTokens);
        int all = config.heads + 2 * config.kvHeads;
        String product = "self.product(self.norm(hidden, norm), weight)";
        numbers = Map.ofEntries(
                Map.entry("embedding", config.embeddingScale()),
                Map.entry("epsilon", config.epsilon),
                Map.entry(
                        "activation",
                        config.activation == Activation.SILU
                                ? "torch.silu(gate)"
                                : "torch.gelu(gate, approximate=\"tanh\")"),
                Map.entry("heads", config.heads),
                Map.entry("all", all),
                Map.entry("kv", config.kvHeads),
                Map.entry("group", config.heads / config.kvHeads),
                Map.entry("dim", config.headDim),
                Map.entry("width", config.heads * config.headDim),
                Map.entry("block", blockTokens),
                Map.entry("cells", 2 * config.kvHeads * blockTokens),
                Map.entry("pairs", 2 * config.kvHeads),
                Map.entry("kept", (config.attentionSoftcap > 0 ? TorchDtype.F32 : cache).code()),
                Map.entry("masked", MASKED),
                Map.entry("tile", tile),
                Map.entry("tokens", tile * blockTokens),
                Map.entry("scale", config.scale),
                Map.entry("softcap", config.attentionSoftcap > 0 ? "self.capped" : "self.uncapped"),
                Map.entry("cap", config.attentionSoftcap > 0 ? config.attentionSoftcap : 1f),
                Map.entry("lowest", LOWEST),
                Map.entry("hidden", HIDDEN_SCORE),
                Map.entry(
                        "logits",
                        config.logitSoftcap > 0
                                ? "torch.mul(torch.tanh(torch.div(%s, %s)), %2$s)"
                                        .formatted(product, config.logitSoftcap)
                                : product),
                Map.entry("half", config.rotated / 2),
                Map.entry("rotated", config.rotated),
                Map.entry("turned", config.heads + config.kvHeads),
                Map.entry("chosen", config.routing.chosen()),
                Map.entry("experts", config.routing.experts()));
    }

    /** All methods; those of kind {@code i} are {@code before<i>} and {@code after<i>}. */
    String source(List<Slots> kinds) {
        StringBuilder source = new StringBuilder(written(SHARED));
        for (int i = 0; i < kinds.size(); i++) {
            source.append('\n').append(before(i, kinds.get(i)));
            source.append('\n').append(after(i, kinds.get(i)));
        }
        return source.toString();
    }

    /** From the residual stream to heads of query, key and value: {@code [rows][heads][dim]}, rotated. */
    private String before(int kind, Slots has) {
        String heads = config.family.has(Trait.QUERY_KEY_NORM)
                ? """
                    query = self.norm(torch.slice(y, 1, 0, $heads), %s)
                    key = self.norm(torch.slice(y, 1, $heads, $turned), %s)
                    x = torch.cat([query, key], 1)
                """.formatted(has.at("queryNorm"), has.at("keyNorm"))
                : "    x = torch.slice(y, 1, 0, $turned)\n";
        return written("""
                  def before%d(self: __torch__.Model, hidden: Tensor, w: List[Tensor], turn: Tensor) -> Tensor:
                    flat = %s
                    y = torch.reshape(flat, [-1, $all, $dim])
                %s    c = torch.select(turn, 0, 0)
                    d = torch.select(turn, 0, 1)
                %s    v = torch.slice(y, 1, $turned, $all)
                    return torch.cat([torch.to(made, $kept), torch.to(v, $kept)], 1)
                """.formatted(
                        kind,
                        linear(has, "qkv", "self.norm(hidden, %s)".formatted(has.at("norm"))),
                        heads,
                        config.rotated == config.headDim ? WHOLE_TURN : PART_TURN));
    }

    /** From what attention made to the residual stream after the layer. */
    private String after(int kind, Slots has) {
        boolean sandwich = config.family.has(Trait.SANDWICH_NORMS);
        return written("""
                  def after%d(self: __torch__.Model, hidden: Tensor, attended: Tensor, w: List[Tensor]) -> Tensor:
                    out = %s
                    x = torch.add(hidden, %s)
                    y = self.norm(x, %s)
                %s    return torch.add(x, %s)
                """.formatted(
                        kind,
                        linear(has, "out", "attended"),
                        sandwich ? "self.norm(out, %s)".formatted(has.at("afterAttention")) : "out",
                        has.at("mlpNorm"),
                        has.has("router") ? experts(has) : plain(has),
                        sandwich ? "self.norm(z, %s)".formatted(has.at("afterMlp")) : "z"));
    }

    private String plain(Slots has) {
        return "    z = %s\n".formatted(linear(has, "down", "self.gated(%s)".formatted(linear(has, "gateUp", "y"))));
    }

    /** Each row goes through its chosen experts in ascending order of their index, whatever the other rows choose. */
    private String experts(Slots has) {
        String share = config.routing.normed() ? "torch.div(best, torch.sum(best, [-1], True))" : "best";
        return """
                    best, picked = torch.topk(torch.softmax(self.product(y, %s), -1), $chosen)
                    share = torch.reshape(%s, [-1])
                    picked0 = torch.reshape(picked, [-1])
                    order = torch.argsort(picked0, stable=True, dim=0, descending=False)
                    counts = torch.to(torch.bincount(picked0, None, $experts), torch.device("cpu"), 4)
                    z = torch.zeros_like(y)
                    from0 = 0
                    for e in range($experts):
                      n = int(torch.select(counts, 0, e))
                      if torch.gt(n, 0):
                        entries = torch.slice(order, 0, from0, torch.add(from0, n))
                        rows = torch.floor_divide(entries, $chosen)
                        some = self.product(torch.index_select(y, 0, rows), w[torch.add(%d, torch.mul(e, 2))])
                        made = self.product(self.gated(some), w[torch.add(%d, torch.mul(e, 2))])
                        part = torch.mul(made, torch.unsqueeze(torch.index_select(share, 0, entries), 1))
                        _0 = torch.index_add_(z, 0, rows, part)
                      else:
                        pass
                      from0 = torch.add(from0, n)
                """.formatted(has.at("router"), share, has.index("expert0GateUp"), has.index("expert0GateUp") + 1);
    }

    private static String linear(Slots has, String name, String x) {
        String product = "self.product(%s, %s)".formatted(x, has.at(name));
        return has.has(name + "Bias") ? "torch.add(%s, %s)".formatted(product, has.at(name + "Bias")) : product;
    }

    private String written(String template) {
        String text = template;
        for (Map.Entry<String, Object> number : numbers.entrySet()) {
            text = text.replaceAll(
                    "\\$" + number.getKey() + "\\b",
                    java.util.regex.Matcher.quoteReplacement(number.getValue().toString()));
        }
        return text;
    }
}
