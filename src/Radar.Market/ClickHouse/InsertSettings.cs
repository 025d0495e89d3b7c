namespace Radar.Market.ClickHouse;

/// <summary>Names of the settings that inserts depend on.</summary>
internal static class InsertSettings
{
    /// <summary>Names a block, so that the server takes it once however often it comes.</summary>
    public const string Token = "insert_deduplication_token";

    /// <summary>How many blocks a table without replicas remembers for that.</summary>
    public const string Window = "non_replicated_deduplication_window";

    /// <summary>New servers gather small inserts by themselves, which a sink that makes batches must not have.</summary>
    public const string Asynchronous = "async_insert";
}
