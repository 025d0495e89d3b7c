using System.Diagnostics;
using Npgsql;
using Radar.Market;
using Radar.Market.Processes;
using Radar.Market.Storage;
using Radar.Testing;

namespace Radar.Jobs.Tests.Fleet;

public sealed class LeaseTableTests(PostgresFixture postgres) : FleetDatabase(postgres)
{
    [Fact]
    public async Task TryTake_HeldElsewhere_IsNull_UntilReleased()
    {
        var first = await TakeAsync(Elsewhere(1), Long);
        Assert.Null(await TakeAsync(Elsewhere(2), Long));
        await Leases.ReleaseAsync(first!.Value, CancellationToken.None);
        Assert.Equal(first.Value.Epoch + 1, (await TakeAsync(Elsewhere(2), Long))!.Value.Epoch);
    }

    [Fact]
    public async Task TryTake_TimeHasPassed_TakesOver()
    {
        var first = await TakeAsync(Elsewhere(1), TimeSpan.Zero);
        Assert.Equal(first!.Value.Epoch + 1, (await TakeAsync(Elsewhere(2), Long))!.Value.Epoch);
    }

    [Fact]
    public async Task TryTake_HolderOfThisMachineIsDead_TakesOverAtOnce()
    {
        using var process = Process.Start("sleep", "600");
        var holder = ProcessIdentity.Find(process.Id)!.Value;
        var first = await TakeAsync(holder, Long);
        Assert.Null(await TakeAsync(Elsewhere(2), Long));
        process.Kill();
        await process.WaitForExitAsync();
        Assert.Equal(first!.Value.Epoch + 1, (await TakeAsync(Elsewhere(2), Long))!.Value.Epoch);
    }

    [Fact]
    public async Task TryTake_HolderStoppedInTheMiddleOfATransaction_EndsItsSession()
    {
        var first = (await TakeAsync(Elsewhere(1), TimeSpan.Zero))!.Value;
        await using var stopped = RadarDatabase.Create(ConnectionString(), $"{Worker} #1", 1);
        await using var connection = await stopped.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using (var fence = new NpgsqlCommand(Fence.Sql, connection) { Parameters = { new() { Value = first.Lease }, new() { Value = first.Epoch } } })
        {
            Assert.NotNull(await fence.ExecuteScalarAsync());
        }
        Assert.Equal(first.Epoch + 1, (await TakeAsync(Elsewhere(2), Long))!.Value.Epoch);
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => transaction.CommitAsync());
    }

    private Task<Fence?> TakeAsync(ProcessIdentity holder, TimeSpan lasts) => Leases.TryTakeAsync(Worker.Value, holder, lasts, CancellationToken.None);

    private string ConnectionString() => Database.ConnectionString;
}
