using System.Globalization;

namespace Radar.Scheduler.Cli.DeadLetters;

/// <summary>Says on standard error how far something long is, every two seconds.</summary>
internal sealed class ReadProgress(string doing)
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(2);
    private long _told = TimeProvider.System.GetTimestamp();

    public void Tell(long done, long all)
    {
        if (TimeProvider.System.GetElapsedTime(_told) >= Every)
        {
            _told = TimeProvider.System.GetTimestamp();
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{doing}: {done:N0} of {all:N0}"));
        }
    }
}
