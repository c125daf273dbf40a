//! One kept-alive HTTP connection, and nothing around it that would cost the generator.

use std::net::SocketAddr;

use anyhow::{Context, ensure};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

pub struct Connection {
    address: SocketAddr,
    cookie: Option<HeaderValue>,
    sender: http1::SendRequest<Full<Bytes>>,
}

impl Connection {
    pub async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // Its failure is the failure of the request that waits for it.
        tokio::spawn(connection);
        Ok(Self { address, cookie: None, sender })
    }

    pub async fn get(&mut self, path: &str) -> anyhow::Result<StatusCode> {
        let request = self.request(Method::GET, path).body(Full::default())?;
        Ok(self.send(request).await?.0)
    }

    /// As [`Connection::get`], with what was answered.
    pub async fn read(&mut self, path: &str) -> anyhow::Result<(StatusCode, Bytes)> {
        let request = self.request(Method::GET, path).body(Full::default())?;
        self.send(request).await
    }

    /// Works from now on as a browser of this person does.
    pub async fn sign_in(&mut self, credentials: &Value) -> anyhow::Result<()> {
        let request =
            self.request(Method::POST, "/auth/login").header(header::CONTENT_TYPE, "application/json");
        let request = request.body(Full::new(Bytes::from(credentials.to_string())))?;
        self.sender.ready().await?;
        let response = self.sender.send_request(request).await?;
        ensure!(response.status().is_success(), "the sign-in was refused: {}", response.status());
        let cookie = response.headers().get(header::SET_COOKIE).context("the sign-in set no cookie")?;
        let cookie = cookie.to_str()?.split(';').next().unwrap_or_default().to_owned();
        response.into_body().collect().await?;
        self.cookie = Some(cookie.try_into()?);
        Ok(())
    }

    pub async fn post(&mut self, path: &str, body: Bytes) -> anyhow::Result<(StatusCode, Bytes)> {
        let request = self.request(Method::POST, path).header(header::CONTENT_TYPE, "application/json");
        self.send(request.body(Full::new(body))?).await
    }

    /// For what has to succeed before anything is measured.
    pub async fn call(&mut self, path: &str, bearer: Option<&str>, body: &Value) -> anyhow::Result<Value> {
        let mut request = self.request(Method::POST, path).header(header::CONTENT_TYPE, "application/json");
        if let Some(bearer) = bearer {
            request = request.header(header::AUTHORIZATION, format!("Bearer {bearer}"));
        }
        let request = request.body(Full::new(Bytes::from(body.to_string())))?;
        let (status, body) = self.send(request).await.with_context(|| format!("POST {path}"))?;
        ensure!(status.is_success(), "POST {path}: {status} {}", String::from_utf8_lossy(&body));
        Ok(serde_json::from_slice(&body).unwrap_or_default())
    }

    fn request(&self, method: Method, path: &str) -> http::request::Builder {
        let request =
            Request::builder().method(method).uri(path).header(header::HOST, self.address.to_string());
        match &self.cookie {
            Some(cookie) => request.header(header::COOKIE, cookie),
            None => request,
        }
    }

    async fn send(&mut self, request: Request<Full<Bytes>>) -> anyhow::Result<(StatusCode, Bytes)> {
        self.sender.ready().await?;
        let response = self.sender.send_request(request).await?;
        let status = response.status();
        Ok((status, response.into_body().collect().await?.to_bytes()))
    }
}
