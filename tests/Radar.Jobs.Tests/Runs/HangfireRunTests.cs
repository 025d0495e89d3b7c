using Npgsql;
using Radar.Jobs.Hangfire;
using Radar.Testing;

namespace Radar.Jobs.Tests.Runs;

public sealed class HangfireRunTests(PostgresFixture postgres) : RunContract(postgres, "Hangfire")
{
    protected override Task<IReadOnlyList<string>> AuditEngineAsync(NpgsqlDataSource database) => HangfireAudit.FindAsync(database, default);
}
