using global::Hangfire;
using global::Hangfire.Common;
using global::Hangfire.Storage;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Radar.Jobs.Hangfire;
using Radar.Testing;
using Cron = Radar.Jobs.Workflows.Cron;

namespace Radar.Jobs.Tests.Engine;

/// <summary>Hangfire reads the cron of the seam as it is written; CronTests hold Quartz's translation against the same fires.</summary>
public sealed class HangfireCronTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private static readonly DateTimeOffset From = new(2026, 3, 27, 12, 34, 56, TimeSpan.Zero);

    [Theory]
    [InlineData("* * * * *")]
    [InlineData("*/10 * * * *")]
    [InlineData("0 0 * * *")]
    [InlineData("15 3 * * 0")]
    [InlineData("15 3 * * 7")]
    [InlineData("15 3 * * MON-FRI")]
    [InlineData("0 0 */5 * *")]
    [InlineData("0 12 1 JAN,JUL *")]
    [InlineData("30 4 31 * *")]
    [InlineData("0 0 29 2 *")]
    [InlineData("*/7 * * * * *")]
    [InlineData("0 0 0 1 1 *")]
    [InlineData("5-59/20 8-18/2 * * 1,3,5")]
    public async Task NextTenFires_AreThoseOfUnixCron(string expression)
    {
        await using var database = await postgres.CreateDatabaseAsync();
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton(TimeProvider.System);
        new HangfirePackage().Add(
            services, new ConfigurationBuilder().AddInMemoryCollection([new("Radar:Database", database.SettingOf())]).Build());
        await using var provider = services.BuildServiceProvider();
        var storage = provider.GetRequiredService<JobStorage>();

        var (expected, told, now) = (new List<DateTimeOffset>(), new List<DateTimeOffset>(), From);
        for (var fire = 0; fire < 10; fire++)
        {
            expected.Add(Cron.Parse(expression).Next(expected.LastOrDefault(From), TimeZoneInfo.Utc)!.Value);
            var clock = now.UtcDateTime.AddSeconds(1); // A new job may also fire at the moment it is made.
            var jobs = new RecurringJobManager(storage, provider.GetRequiredService<IJobFilterProvider>(), new DefaultTimeZoneResolver(), () => clock);
            jobs.AddOrUpdate($"fire-{fire}", Job.FromExpression(() => Console.WriteLine()), expression, HangfireEngine.Recurring("Etc/UTC"));
            using var connection = storage.GetConnection();
            now = new DateTimeOffset(connection.GetRecurringJobs([$"fire-{fire}"])[0].NextExecution!.Value, TimeSpan.Zero);
            told.Add(now);
        }

        Assert.Equal(expected, told);
    }
}
