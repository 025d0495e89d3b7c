using System.Globalization;
using System.Net;
using global::Hangfire;
using global::Hangfire.Dashboard;

namespace Radar.Jobs.Hangfire.Dashboard;

/// <summary>On the page of a job, the way to its run.</summary>
internal static class RunLink
{
    private static readonly Lazy<IGlobalConfiguration> Used = new(() =>
        GlobalConfiguration.Configuration.UseJobDetailsRenderer(10, page => new NonEscapedString(Render(page.JobDetails.Job?.Args))));

    /// <summary>Puts the link on every job's page. Hangfire's pages are the same for the whole process: once is enough.</summary>
    public static void UseOnce() => _ = Used.Value;

    private static string Render(IReadOnlyList<object?>? arguments) => arguments switch
    {
        [long run, long, string label, ..] => Link(string.Create(CultureInfo.InvariantCulture, $"/runs/{run}"), label),
        [string workflow, ..] => Link($"/runs?workflow={Uri.EscapeDataString(workflow)}", $"runs of {workflow}"),
        _ => "",
    };

    private static string Link(string href, string text) =>
        $"""<p class="radar-run">In Radar: <a href="{WebUtility.HtmlEncode(href)}">{WebUtility.HtmlEncode(text)}</a></p>""";
}
