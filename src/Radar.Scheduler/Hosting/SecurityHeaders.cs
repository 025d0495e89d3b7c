namespace Radar.Scheduler.Hosting;

/// <summary>Headers that keep a browser from doing what our pages never ask of it.</summary>
internal static class SecurityHeaders
{
    public static Task AddAsync(HttpContext context, RequestDelegate next)
    {
        var headers = context.Response.Headers;
        // Hangfire's pages carry a few style attributes, and their charts a style sheet.
        var styles = context.Request.Path.StartsWithSegments("/hangfire") ? "; style-src 'self' 'unsafe-inline'" : "";
        headers.ContentSecurityPolicy = $"default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'{styles}";
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        if (!context.Request.Path.StartsWithSegments("/lib"))
        {
            headers.CacheControl = "no-store";
        }
        return next(context);
    }
}
