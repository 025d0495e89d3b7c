using System.Net.Http.Json;
using Radar.Market;
using Radar.Market.Candles;
using Radar.Market.Models;
using Radar.Market.Predictions;

namespace Radar.Embedded.Launch;

/// <summary>Waits until every candle of a replayed range is stored and every prediction that can be made is made.</summary>
internal sealed class CatchUp(
    StateFolder state, SystemDatabase database, Uri exchange, string modelDirectory, Action<string> say, TimeProvider time)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan CountEvery = TimeSpan.FromSeconds(5); // It reads the whole range, of every version.
    private static readonly TimeSpan SayEvery = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Standstill = TimeSpan.FromMinutes(3);
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(5) };

    /// <summary>Returns when the system has caught up.</summary>
    /// <exception cref="EmbeddedException">It cannot get there; the message says why.</exception>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        List<(ModelId Id, ModelInput Input)> models = [.. ModelStore.Discover(modelDirectory).Where(model => model.Id.Crypto == "BTCUSDT").Select(Open)];
        var store = new PredictionStore(new CandleTable(database.Source, "BTCUSDT"));
        IReadOnlyList<PredictionCoverage>? coverage = null;
        var counted = time.GetTimestamp();
        var last = (Position: "", At: time.GetTimestamp(), SaidAt: time.GetTimestamp());
        while (true)
        {
            Attendance.RefuseWithoutLauncher(state);
            await RefuseAsync(cancellationToken);
            if (await ClockAsync(cancellationToken) is { } clock)
            {
                var stored = await StoredAsync(clock, cancellationToken);
                if (coverage is null || time.GetElapsedTime(counted) > CountEvery || (clock.Finished && stored == clock.Candles))
                {
                    coverage = await CoverageAsync(store, models, clock, cancellationToken);
                    counted = time.GetTimestamp();
                }
                var missing = coverage?.Sum(version => version.Missing);
                if (clock.Finished && stored == clock.Candles && missing == 0)
                {
                    say($"caught up: {stored:N0} candles, {coverage!.Sum(version => version.Present):N0} predictions of {models.Count} model versions");
                    return;
                }
                var position = $"{stored:N0} of {clock.Candles:N0} candles up to {CandleTime.Format(clock.Now)}, {missing:N0} predictions missing";
                if (position != last.Position)
                {
                    last = (position, time.GetTimestamp(), last.SaidAt);
                }
                else if (time.GetElapsedTime(last.At) > Standstill)
                {
                    var restarted = string.Concat((state.ReadSystem()?.Services ?? []).Where(service => service.Restarts > 0)
                        .Select(service => $" {service.Name} was restarted {service.Restarts} times, see {service.Log}."));
                    throw new EmbeddedException(
                        $"Nothing has moved for {Standstill.TotalMinutes:0} minutes at {position}: see ./radar status and the logs.{restarted}");
                }
                if (time.GetElapsedTime(last.SaidAt) > SayEvery)
                {
                    last = last with { SaidAt = time.GetTimestamp() };
                    say(position);
                }
            }
            await Task.Delay(Look, time, cancellationToken);
        }
    }

    private static (ModelId Id, ModelInput Input) Open(ModelFile file)
    {
        using var model = PredictionModel.Load(file);
        return (file.Id, model.Input);
    }

    private async Task RefuseAsync(CancellationToken cancellationToken)
    {
        var failed = await database.ReadAsync(
            "SELECT worker_id, coalesce(error, '') FROM radar.workers WHERE actual = 'failed'", row => $"{row.GetString(0)}: {row.GetString(1)}", cancellationToken);
        if (failed.Count > 0)
        {
            throw new EmbeddedException($"Worker {string.Join("; worker ", failed)}");
        }
    }

    // Rows of this market's range: the table may hold more from earlier starts.
    private async Task<long> StoredAsync(Clock clock, CancellationToken cancellationToken) =>
        (await database.ReadAsync(
            "SELECT count(*) FROM btcusdt WHERE open_time >= $1 AND open_time < $2",
            row => row.GetInt64(0),
            cancellationToken,
            DateTimeOffset.FromUnixTimeMilliseconds(clock.From).DateTime,
            DateTimeOffset.FromUnixTimeMilliseconds(clock.To ?? clock.Now).DateTime)) is [var count] ? count : 0;

    private static async Task<IReadOnlyList<PredictionCoverage>?> CoverageAsync(
        PredictionStore store, List<(ModelId Id, ModelInput Input)> models, Clock clock, CancellationToken cancellationToken)
    {
        try
        {
            return await store.CoverageAsync(models, new TimeRange(clock.From, clock.To ?? clock.Now), cancellationToken);
        }
        catch (Npgsql.NpgsqlException)
        {
            return null; // The table is not made yet, or the database is just coming back.
        }
    }

    private async Task<Clock?> ClockAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await Http.GetFromJsonAsync<Clock>(new Uri(exchange, "/radar/clock"), cancellationToken);
        }
        catch (Exception ex) when (ex is HttpRequestException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return null; // It is being started again.
        }
    }

    private sealed record Clock(long Now, long From, long? To, bool Finished, long Candles);
}
