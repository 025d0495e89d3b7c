using System.Globalization;
using System.Text;

namespace Radar.Workers.Tests.Sinking;

/// <summary>Frames as producers publish them.</summary>
internal static class Frames
{
    public static byte[] Trade(int number, string price = "82131.5") => Encoding.UTF8.GetBytes(
        $$"""["M{{number % 7}}TMN@trade",{"isBuyOrder":{{(number % 2 == 0 ? "true" : "false")}},"quantity":"{{(number + 1).ToString(CultureInfo.InvariantCulture)}}.25","price":"{{price}}","timestamp":"{{new DateTime(2026, 1, 1).AddSeconds(number).ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture)}}"}]""");

    public static byte[] Depth(int number) => Encoding.UTF8.GetBytes(
        $$"""["M{{number % 7}}TMN@{{(number % 2 == 0 ? "sell" : "buy")}}Depth",[{"quantity":{{number + 1}},"price":82131,"sum":1.5},{"quantity":1,"price":82083,"sum":2}]]""");
}
