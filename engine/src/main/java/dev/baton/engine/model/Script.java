package dev.baton.engine.model;

/** What of the forward pass is TorchScript: the gathering of embeddings, from whatever type the checkpoint has. */
final class Script {
    static final String SOURCE = """
              def embed(self: __torch__.Model, table: Tensor, ids: Tensor, scale: float, out: Tensor) -> NoneType:
                _0 = torch.copy_(out, torch.index_select(table, 0, ids))
                _1 = torch.mul_(out, scale)
                return None
            """;

    private Script() {}
}
