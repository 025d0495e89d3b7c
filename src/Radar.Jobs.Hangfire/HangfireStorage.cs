using global::Hangfire;
using global::Hangfire.PostgreSql;
using Npgsql;
using Radar.Jobs.Workflows;

namespace Radar.Jobs.Hangfire;

/// <summary>Hangfire's tables, in schema <c>radar_hangfire</c>. Opened when they are first needed, since that takes a database that answers.</summary>
internal sealed class HangfireStorage(HangfireDatabase database, HangfireOptions options, HangfireWakeUp wakeUp)
{
    /// <summary>The schema.</summary>
    public const string Schema = "radar_hangfire";

    // "radar" and "hgf" in ASCII.
    private const long LockKey = 0x72_61_64_61_72_68_67_66;

    private readonly Lock _gate = new();
    private PostgreSqlStorage? _storage;

    /// <summary>Makes the tables where they are not, and opens them.</summary>
    /// <exception cref="NpgsqlException">The database does not answer.</exception>
    public PostgreSqlStorage Open()
    {
        lock (_gate)
        {
            return _storage ??= Make();
        }
    }

    private PostgreSqlStorage Make()
    {
        // Names without versions keep jobs readable for nodes of the last and of the next build.
        GlobalConfiguration.Configuration
            .SetDataCompatibilityLevel(CompatibilityLevel.Version_180)
            .UseSimpleAssemblyNameTypeSerializer()
            .UseRecommendedSerializerSettings();
        using var guard = database.Source.OpenConnection(); // Two nodes that make the tables at the same time would trip over each other.
        Execute(guard, $"SELECT pg_advisory_lock({LockKey})");
        try
        {
            var settings = new PostgreSqlStorageOptions
            {
                SchemaName = Schema,
                QueuePollInterval = options.Poll,
                // One connection per idle worker, and a second one while it waits for the first: a pool smaller than that stands still for ever.
                EnableLongPolling = false,
                UseSlidingInvisibilityTimeout = true,
                InvisibilityTimeout = options.Invisibility,
                DistributedLockTimeout = options.Lock,
                // Without its tables it would start all the same, and take nothing.
                AllowDegradedModeWithoutStorage = false,
                StartupConnectionMaxRetries = 1,
                EnableTransactionScopeEnlistment = false,
            };
            var storage = new PostgreSqlStorage(new Connections(database.Source), settings);
            wakeUp.Serve(storage, settings);
            storage.QueueProviders.Add(wakeUp, Queues.All);
            return storage;
        }
        finally
        {
            Execute(guard, $"SELECT pg_advisory_unlock({LockKey})");
        }
    }

    private static void Execute(NpgsqlConnection connection, string sql)
    {
        using var command = new NpgsqlCommand(sql, connection);
        command.ExecuteNonQuery();
    }

    private sealed class Connections(NpgsqlDataSource source) : IConnectionFactory
    {
        public NpgsqlConnection GetOrCreateConnection() => source.CreateConnection();
    }
}
