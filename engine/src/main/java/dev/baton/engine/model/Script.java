package dev.baton.engine.model;

/**
 * The forward pass between the products and attention, as TorchScript. Elementwise operations and one reduction along a
 * row: no result depends on how many rows there are.
 */
final class Script {
    private Script() {}

    static String of(ModelConfig config) {
        String norm = """
                  def root(self: __torch__.Model, x: Tensor, epsilon: float) -> Tensor:
                    return torch.mul(x, torch.rsqrt(torch.add(torch.mean(torch.mul(x, x), [-1], True), epsilon)))
                  def embed(self: __torch__.Model, table: Tensor, ids: Tensor, scale: float, out: Tensor) -> NoneType:
                    _0 = torch.copy_(out, torch.index_select(table, 0, ids))
                    _1 = torch.mul_(out, scale)
                    return None
                  def norm(self: __torch__.Model, x: Tensor, weight: Tensor, epsilon: float, out: Tensor) -> NoneType:
                    _0 = torch.copy_(out, torch.mul((self).root(x, epsilon, ), weight))
                    return None
                  def add_norm(self: __torch__.Model, x: Tensor, y: Tensor, weight: Tensor, epsilon: float, out: Tensor) -> NoneType:
                    _0 = torch.add_(x, y)
                    _1 = torch.copy_(out, torch.mul((self).root(x, epsilon, ), weight))
                    return None
                  def norm_add_norm(self: __torch__.Model, x: Tensor, y: Tensor, after: Tensor, weight: Tensor, epsilon: float, out: Tensor) -> NoneType:
                    _0 = torch.add_(x, torch.mul((self).root(y, epsilon, ), after))
                    _1 = torch.copy_(out, torch.mul((self).root(x, epsilon, ), weight))
                    return None
                  def turn(self: __torch__.Model, heads: Tensor, cos: Tensor, sin: Tensor) -> NoneType:
                    a = torch.narrow(heads, 2, 0, %1$d)
                    b = torch.narrow(heads, 2, %1$d, %1$d)
                    c = torch.unsqueeze(cos, 1)
                    s = torch.unsqueeze(sin, 1)
                    first = torch.sub(torch.mul(a, c), torch.mul(b, s))
                    second = torch.add(torch.mul(b, c), torch.mul(a, s))
                    _0 = torch.copy_(a, first)
                    _1 = torch.copy_(b, second)
                    return None
                  def rotate(self: __torch__.Model, qkv: Tensor, cos: Tensor, sin: Tensor) -> NoneType:
                    heads = torch.view(qkv, [torch.size(qkv, 0), %2$d, %3$d])
                    _0 = (self).turn(torch.narrow(heads, 1, 0, %4$d), cos, sin, )
                    return None
                  def norm_rotate(self: __torch__.Model, qkv: Tensor, cos: Tensor, sin: Tensor, query: Tensor, key: Tensor, epsilon: float) -> NoneType:
                    heads = torch.view(qkv, [torch.size(qkv, 0), %2$d, %3$d])
                    q = torch.narrow(heads, 1, 0, %5$d)
                    k = torch.narrow(heads, 1, %5$d, %6$d)
                    _0 = torch.copy_(q, torch.mul((self).root(q, epsilon, ), query))
                    _1 = torch.copy_(k, torch.mul((self).root(k, epsilon, ), key))
                    _2 = (self).turn(torch.narrow(heads, 1, 0, %4$d), cos, sin, )
                    return None
                """;
        return norm.formatted(
                config.rotated / 2,
                config.heads + 2 * config.kvHeads,
                config.headDim,
                config.heads + config.kvHeads,
                config.heads,
                config.kvHeads);
    }
}
