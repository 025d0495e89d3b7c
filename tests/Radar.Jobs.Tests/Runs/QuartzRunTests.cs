using Npgsql;
using Radar.Jobs.Quartz;
using Radar.Testing;

namespace Radar.Jobs.Tests.Runs;

public sealed class QuartzRunTests(PostgresFixture postgres) : RunContract(postgres, "Quartz")
{
    protected override Task<IReadOnlyList<string>> AuditEngineAsync(NpgsqlDataSource database) => new QuartzAudit(database).FindAsync(default);
}
