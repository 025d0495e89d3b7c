using Npgsql;
using Radar.Jobs.Quartz;
using Radar.Testing;

namespace Radar.Jobs.Tests.Runs;

public sealed class QuartzRunTests(PostgresFixture postgres) : RunContract(postgres, "Quartz")
{
    protected override Task<IReadOnlyList<string>> AuditEngineAsync(NpgsqlDataSource database) => new QuartzAudit(database).FindAsync(default);

    [Fact]
    public async Task Fire_OfANodeThatIsLost_IsRecoveredByAnother()
    {
        await using var node = await StartAsync();
        Assert.Equal(["True"], await Database.ColumnAsync("SELECT DISTINCT requests_recovery FROM quartz.qrtz_job_details WHERE job_group = 'workflows'"));
    }
}
